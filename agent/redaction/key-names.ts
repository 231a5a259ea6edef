/** Names of secrets, for all rules that go by them. A name counts by its end. */

const KEY_WORDS = ['access', 'account', 'encryption', 'private', 'session', 'signing']
export const KEY = String.raw`(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|(?:secret|${KEY_WORDS.join('|')})[_-]?key|secret[_-]?key[_-]?base|client-key-data|dockerconfigjson|dockercfg)(?:[_-]?\d{1,2})?`
const JOINED_KEYS = ['api', ...KEY_WORDS].flatMap((word) => [`${word}_key`, `${word}-key`, `${word}key`])
export const KEY_LITERALS = ['passwd', 'password', 'passphrase', 'secret', 'token', ...JOINED_KEYS, 'client-key-data', 'dockerc']

/** What variables with these in their names hold is masked as well, as troubleshoot does in the forms that it knows. */
export const VARIABLE = `(?:${KEY}|user|database|owner_?account|access_?key_?id|credential)`
export const VARIABLE_LITERALS = [...KEY_LITERALS, 'user', 'database', 'owner_account', 'owneraccount', 'credential']

/** Blanks between the parts of a pair. */
export const B = '[\\t ]{0,8}'

/** Values that hide nothing: true, null, numbers, references, the brackets that a value begins with. */
export const CONSTANT =
  /^(?:[Tt]rue|TRUE|[Ff]alse|FALSE|[Nn]ull|NULL|[Nn]one|[Nn]il|undefined|yes|no|-?\d{1,5}|\$\(\w+\)|\$\{\w+\}|<[a-z]+>?|<set to the key .*|[[{]+|\[\]|\{\}|\{\{.*|[[{] ?["'].*|\{\w+:|\{\w+: .*\}|[|>][\d+-]{0,2})[)\]}.,:;]*$/
