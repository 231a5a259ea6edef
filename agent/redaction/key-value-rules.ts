import type { LineRule, Rule, TwoLineRule } from './rule.ts'

/**
 * Rules for values that stand beside the name of a secret: `password=x`, `"apiKey": "x"`, `DB_TOKEN: x`, in YAML, JSON (also
 * JSON inside JSON), query strings, log lines and lists of environment variables. A name counts by its end: `clientSecret` is
 * one, `secretName`, `tokenExpirationSeconds` and `imagePullSecrets` are not.
 */

const KEY_WORDS = ['access', 'account', 'encryption', 'private', 'session', 'signing']
const KEY = String.raw`(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|(?:secret|${KEY_WORDS.join('|')})[_-]?key|client-key-data|dockerconfigjson|dockercfg)(?:[_-]?\d{1,2})?`
const JOINED_KEYS = ['api', ...KEY_WORDS].flatMap((word) => [`${word}_key`, `${word}-key`, `${word}key`])
const KEY_LITERALS = ['passwd', 'password', 'passphrase', 'secret', 'token', ...JOINED_KEYS, 'client-key-data', 'dockerc']

/** What variables with these in their names hold is masked as well, as troubleshoot does in the forms that it knows. */
const VARIABLE = `(?:${KEY}|user|database|owner_?account|access_?key_?id|credential)`
const VARIABLE_LITERALS = [...KEY_LITERALS, 'user', 'database', 'owner_account', 'owneraccount', 'credential']

const B = '[\\t ]{0,8}'
const SIGN = `${B}(?:=(?!=)>?|:(?!:|//)=?)${B}`
/** Begins the line of a YAML key, up to the word that matters. */
const YAML_KEY = String.raw`[\t ]{0,64}(?:- {1,4})?["']?[\w./-]{0,128}`
const TO_END = String.raw`(?<mask>[^\t\r\n "'][^\r\n]*?)(?=[\t ]{0,64}\r?$)`
/** No quotes: up to a blank, a quote, an escape, or a `,` `;` `&` after which another pair or nothing follows. */
const BARE = String.raw`(?<mask>(?:[^\t\n\f\r "'\\,;&]|[,;&](?![\w. -]{1,40}=|[\t\n\f\r "'\\{\[]|$)|\\(?!\\*["'nrtu]))+)`
/** A quote before one of these ends a text in which the key was the last word; it does not begin a value. */
const NOT_CLOSING = String.raw`(?!\\*["']${B}(?:[,:;\]})]|\\+[nrt]|\r?$))`
/** In YAML a bare `***` would be an alias; in a JSON string double quotes would end it. */
const YAML_MASK = `'***HIDDEN***'`

const CONSTANT =
  /^(?:[Tt]rue|TRUE|[Ff]alse|FALSE|[Nn]ull|NULL|[Nn]one|[Nn]il|undefined|yes|no|-?\d{1,5}|\$\(\w+\)|\$\{\w+\}|<[a-z]+>?|<set to the key .*|[[{]+|\[\]|\{\}|\{\{.*)[)\]}.,:;]*$/
const PROSE_WORD = /^[A-Z]?[a-z]+[)\]}.,:;!?]*$/
const OBJECT_REFERENCE = /^[a-z0-9][a-z0-9.-]{0,252}\/[a-z0-9][a-z0-9.-]{0,252}$/

const isConstant = (value: string) => CONSTANT.test(value)
const isWholeWord = (before: string) => !/[\w.-]/.test(before)
/** `secret="namespace/name"` is how controllers name the object that they work on. */
const isReference = (value: string, match: string, before: string) =>
  isWholeWord(before) && /^secret/i.test(match) && OBJECT_REFERENCE.test(value)
/** `invalid token: unexpected end` is a sentence, `API_TOKEN: unexpected` and `token=unexpected` are not. */
const isProse = (value: string, match: string, before: string) =>
  isWholeWord(before) && /:[\t ]/.test(match) && PROSE_WORD.test(value)

const isNamed = (value: string, match: string, before: string) => isConstant(value) || isReference(value, match, before)
const isPlain = (value: string, match: string, before: string) => isNamed(value, match, before) || isProse(value, match, before)

/** Line rules for `key: value`; where several fit, the earlier one leaves a mask that the later ones keep. */
const KEY_VALUES: Omit<LineRule, 'kind' | 'literals'>[] = [
  {
    name: 'key-value-quoted',
    pattern: new RegExp(String.raw`(${KEY}(?:["']${SIGN}|${SIGN}${NOT_CLOSING}))(["'])(?<mask>(?:\\[^\n]|(?!\2)[^\n\\])+)`, 'gi'),
    spare: isNamed,
  },
  {
    name: 'key-value-escaped',
    pattern: new RegExp(
      String.raw`(${KEY}(?:\\+["']${SIGN}|${SIGN}${NOT_CLOSING}))(\\+["'])(?<mask>(?:(?!(?<!\\)(?:\2|"))[^\n])+)`,
      'gi',
    ),
    spare: isNamed,
  },
  {
    name: 'key-value-json-number',
    pattern: new RegExp(String.raw`(${KEY}"${B}:${B})(?<mask>-?\d{6,}(?:\.\d+)?)(?=${B}(?:[,}\]]|\r?$))`, 'gi'),
    mask: '"***HIDDEN***"',
  },
  {
    name: 'key-value-yaml',
    pattern: new RegExp(String.raw`(?<=^${YAML_KEY})(${KEY}["']?${B}:[\t ]{1,64})${TO_END}`, 'gi'),
    spare: isNamed,
    mask: YAML_MASK,
  },
  {
    name: 'key-value-yaml-in-json',
    pattern: new RegExp(String.raw`(?<=\\n${YAML_KEY})(${KEY}${B}:[\t ]{1,64})(?<mask>(?![\\"'])(?:(?!\\+[nr"]|")[^\n])+)`, 'gi'),
    spare: isNamed,
    mask: YAML_MASK,
  },
  {
    name: 'key-value-bare',
    pattern: new RegExp(String.raw`(${KEY}\\*["']?${SIGN})${BARE}`, 'gi'),
    spare: isPlain,
  },
]

const PAIR_IN_LINE: LineRule[] = [
  {
    kind: 'line',
    name: 'env-pair-json',
    literals: [['"name"'], VARIABLE_LITERALS],
    pattern: new RegExp(
      String.raw`("name"${B}:${B}"[^"]{0,256}?${VARIABLE}[^"]{0,256}"${B},${B}"value"${B}:${B}")(?<mask>(?:\\[^\n]|[^"\\\n])+)`,
      'gi',
    ),
    spare: isConstant,
  },
  {
    kind: 'line',
    name: 'env-pair-escaped',
    literals: [['name\\'], VARIABLE_LITERALS],
    pattern: new RegExp(
      String.raw`(\\+"name\\+"${B}:${B}\\+"[^"]{0,256}?${VARIABLE}[^"]{0,256}\\+"${B},${B}\\+"value\\+"${B}:${B})(\\+")(?<mask>(?:(?!(?<!\\)(?:\2|"))[^\n])+)`,
      'gi',
    ),
    spare: isConstant,
  },
]

const PAIR_IN_TWO_LINES: TwoLineRule[] = [
  {
    kind: 'two-line',
    name: 'env-pair-pretty',
    literals: [['"name":'], VARIABLE_LITERALS],
    selector: new RegExp(`"name": {0,8}"[^"]{0,256}${VARIABLE}[^"]{0,256}"`, 'i'),
    pattern: /("value": {0,8}")(?<mask>[^\n]*)(")/gi,
  },
  {
    kind: 'two-line',
    name: 'env-pair-yaml',
    literals: [['name:'], VARIABLE_LITERALS],
    selector: new RegExp(
      String.raw`^[\t ]{0,64}(?:- {1,4})?name: {1,8}["']?[\w.-]{0,256}?${VARIABLE}[\w.-]{0,256}["']?[\t ]{0,64}\r?$`,
      'i',
    ),
    pattern: new RegExp(String.raw`^([\t ]{0,64}value: {1,8}["']?)${TO_END}`, 'gi'),
  },
  {
    kind: 'two-line',
    name: 'yaml-block-value',
    literals: [KEY_LITERALS, ['|', '>']],
    selector: new RegExp(String.raw`^${YAML_KEY}${KEY}["']?: {1,8}[|>][\d+-]{0,2}[\t ]{0,64}\r?$`, 'i'),
    pattern: new RegExp(String.raw`^([\t ]{1,64})${TO_END}`, 'g'),
  },
]

export const KEY_VALUE_RULES: readonly Rule[] = [
  ...PAIR_IN_LINE,
  ...KEY_VALUES.map((rule) => Object.assign(rule, { kind: 'line' as const, literals: [KEY_LITERALS] })),
  ...PAIR_IN_TWO_LINES,
]
