import type { LineRule, Rule, TwoLineRule } from './rule.ts'

/**
 * The rules that troubleshoot v0.133.0 applies by default: what its users count on. They differ from it on purpose in two ways.
 * Counted repetitions have bounds, so that a line of many megabytes stays linear; and the database name at the end of a
 * connection string stops at a quote, so that a minified JSON file is not eaten up to its next blank (nor a mask masked again).
 *
 * The classes of white space are written out: see `rule.ts`.
 */

/** Names of environment variables, and the literals of which one must stand in the line. */
const VARIABLES = [
  { id: 'aws-secret-access-key', word: 'secret_?access_?key', literals: ['secret_access', 'secretaccess'] },
  { id: 'aws-access-key-id', word: 'access_?key_?id', literals: ['access_key', 'accesskey'] },
  { id: 'aws-owner-account', word: 'owner_?account', literals: ['owner_account', 'owneraccount'] },
  { id: 'password', word: 'password', literals: ['password'] },
  { id: 'token', word: 'token', literals: ['token'] },
  { id: 'database', word: 'database', literals: ['database'] },
  { id: 'user', word: 'user', literals: ['user'] },
] as const

/** Keys of ADO and JDBC connection strings, each up to the next semicolon. */
const CONNECTION_KEYS = ['data source', 'location', 'user id', 'password', 'server', 'database', 'uid', 'pwd'] as const

/** The AWS names end with the word when the pair stands escaped in one line; the others may go on after it. */
function escapedPair({ id, word, literals }: (typeof VARIABLES)[number]): LineRule {
  const name = id.startsWith('aws-') ? `[^"]{0,256}${word}` : `[^"]{0,256}${word}[^"]{0,256}`
  const pattern = new RegExp(String.raw`(\\"name\\":\\"${name}\\",\\"value\\":\\")(?<mask>[^"]*)(\\")`, 'gi')
  return { kind: 'line', name: `escaped-env-${id}`, literals: [['\\"name\\":\\"'], literals], pattern }
}

/** The AWS names stay inside the quotes; for the others anything may stand between the quote and the word. */
function prettyPair({ id, word, literals }: (typeof VARIABLES)[number]): TwoLineRule {
  const before = id.startsWith('aws-') ? '[^"]{0,256}' : '[^\\n]{0,256}'
  const selector = new RegExp(`"name": {0,64}"${before}${word}[^"]{0,256}"`, 'i')
  const pattern = /("value": {0,64}")(?<mask>[^\n]*)(")/gi
  return { kind: 'two-line', name: `json-env-${id}`, literals: [['"name":'], literals], selector, pattern }
}

function connectionPart(key: string): LineRule {
  const pattern = new RegExp(`(${key} *= *)(?<mask>[^;]+)(;)`, 'gi')
  return { kind: 'line', name: `connection-${key.replace(' ', '-')}`, literals: [[key], [';']], pattern, until: ';' }
}

const CONNECTION_STRINGS: LineRule[] = [
  {
    kind: 'line',
    name: 'url-credentials',
    literals: [['http', 'ftp'], ['://'], ['@']],
    pattern: /(https?|ftp)(:\/\/)(?<mask>[^:"/]+)(:)(?<mask2>[^@"/]+)(?<host>@[^:/\t\n\f\r "]+)(?<port>:\d+)?/gi,
  },
  {
    kind: 'line',
    name: 'mysql-dsn',
    literals: [['@tcp(']],
    pattern:
      /(?:\b|(?=\*{3}HIDDEN))(?<mask>[^:"/]{0,64})(:)(?<mask2>[^:"/]{0,1024})(@tcp\()(?<mask3>[^:"/]{0,256})(?<port>:\d*)?(\)\/)(?<mask4>\*{3}HIDDEN(?:-[0-9a-f]{16})?\*{3}|[^\t\n\f\r "]+\b)/g,
  },
  {
    kind: 'line',
    name: 'database-url',
    literals: [['://'], ['@']],
    pattern:
      /\b(\w{0,64}:\/\/)(?<mask>[^:"/]{0,256})(:)(?<mask2>[^:"/]{0,1024})(@)(?<mask3>[^:"/]{0,256})(?<port>:\d*)?(\/)(?<mask4>\*{3}HIDDEN(?:-[0-9a-f]{16})?\*{3}|[^\t\n\f\r "]+\b)/g,
  },
]

const CEPH_KEY: TwoLineRule = {
  kind: 'two-line',
  name: 'ceph-auth-key',
  literals: [['"entity":']],
  selector: /"entity": {0,64}"(?:osd|client|mgr)\.[^\n]*"/i,
  pattern: /("key": {0,64}")(?<mask>[^\n]{38}==[^"]*)(")/gi,
}

const KURL_INSTALLERS = 'cluster-resources/custom-resources/installers.cluster.kurl.sh'

function kurlField(name: string, key: string, value: string): LineRule {
  return {
    kind: 'line',
    name,
    literals: [[`"${key.toLowerCase()}"`]],
    pattern: new RegExp(
      String.raw`("${key.replaceAll('.', String.raw`\.`)}"[\t\f\r ]{0,64}:[\t\f\r ]{0,64}")(?<mask>${value})(")`,
      'gi',
    ),
    files: [`${KURL_INSTALLERS}.json`, `${KURL_INSTALLERS}/*.json`],
  }
}

const KURL: LineRule[] = [
  kurlField('kurl-bootstrap-token', 'bootstrapToken', '[^"]*'),
  kurlField('kurl-cert-key', 'certKey', '[^"]*'),
  kurlField('kurl-kubeadm-token', 'kubeadmToken', '[^"]*'),
  kurlField('kurl-last-applied', 'kubectl.kubernetes.io/last-applied-configuration', String.raw`[^"\\]*(?:\\[^\n][^"\\]*)*`),
]

/** In troubleshoot's order, which decides what is left where rules overlap. */
export const TROUBLESHOOT_RULES: readonly Rule[] = [
  ...VARIABLES.map(escapedPair),
  ...CONNECTION_STRINGS,
  ...CONNECTION_KEYS.map(connectionPart),
  ...VARIABLES.map(prettyPair),
  CEPH_KEY,
  ...KURL,
]
