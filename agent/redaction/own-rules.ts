import { KEY_VALUE_RULES } from './key-value-rules.ts'
import { PROVIDER_RULES } from './provider-rules.ts'
import type { BlockRule, LineRule, Rule } from './rule.ts'

/** What troubleshoot's defaults leave in the open, can be told without doubt, and costs no noticeable time. */

const PRIVATE_KEY = '[A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----'

const PEM: BlockRule = {
  kind: 'block',
  name: 'private-key',
  literals: [['private key']],
  begin: new RegExp(`-----BEGIN ${PRIVATE_KEY}`),
  end: new RegExp(`-----END ${PRIVATE_KEY}`),
  // An escaped line break or base64 text: a key whose end was cut off. Anything else is talk about keys.
  body: /^[\t ]{0,8}(?:\\{1,16}[nr]|[A-Za-z0-9+/]{16})[^"\n]*/,
  maxLines: 500,
}

/** Secrets known by their own shape. */
const SHAPES: LineRule[] = [
  {
    kind: 'line',
    name: 'private-key-base64',
    literals: [['ls0tls1crudjti']],
    // base64 of `-----BEGIN ` and of what follows it in PKCS 8 (also encrypted), RSA, EC, DSA and OpenSSH keys
    pattern: /(?<mask>LS0tLS1CRUdJTi(?:BQUklWQ|BFTkNSWV|BSU0EgUF|BFQyBQUk|BEU0EgUF|BPUEVOU1)[\w+/-]*={0,2})/g,
  },
  {
    kind: 'line',
    name: 'jwt',
    literals: [['eyj']],
    pattern: /(?<=(?<![\w-])|\\[nrt])(?<mask>eyJ[\w-]{5,}\.eyJ[\w-]{5,}\.[\w-]*)/g,
  },
  {
    kind: 'line',
    name: 'aws-key-id',
    literals: [['akia', 'asia']],
    pattern: /(?<![A-Z0-9])(?<mask>A[KS]IA[A-Z0-9]{16})(?![A-Z0-9])/g,
  },
]

/** Secrets known by the protocol that they stand in. */
const PROTOCOLS: LineRule[] = [
  {
    kind: 'line',
    name: 'authorization-header',
    literals: [['authorization']],
    pattern:
      /(authorization\\{0,16}["']?[\t ]{0,4}[:=][\t ]{0,4}\[?[\t ]{0,4}\\{0,16}["']?(?:bearer|basic|token|negotiate|digest|apikey)[\t ]{1,4})(?<mask>[^\t\n\f\r "'\\,;]+)/gi,
  },
  {
    kind: 'line',
    name: 'bearer-token',
    literals: [['bearer']],
    pattern: /(\bbearer[\t ]{1,4})(?<mask>[\w.~+/-]{16,}={0,2})/gi,
    spare: (value) => /^[A-Za-z-]+$/.test(value),
  },
  {
    kind: 'line',
    name: 'url-password',
    literals: [['://'], ['@']],
    pattern: /(:\/\/[^\t\n\f\r :@/"'\\]{0,256}:)(?<mask>[^\t\n\f\r /"'\\]{1,1024})(@)(?!sha\d{3}:)/g,
  },
  {
    kind: 'line',
    name: 'signed-url',
    literals: [['sig=', 'signature=']],
    pattern: /((?:[?&]|\\u0026)(?:sig|(?:x-(?:amz|goog)-)?signature)=)(?<mask>[^\t\n\f\r &"'\\<>]+)/gi,
  },
  {
    kind: 'line',
    name: 'registry-auth',
    literals: [['auth"', 'auth\\']],
    // a word is a setting, not the base64 of a user and a password
    spare: (value) => /^[a-z_-]+$/.test(value),
    pattern: /("auth\\{0,16}"[\t ]{0,8}:[\t ]{0,8}\\{0,16}")(?<mask>[\w+/-]{8,}={0,2})/g,
  },
]

export const OWN_RULES: readonly Rule[] = [PEM, ...SHAPES, ...PROVIDER_RULES, ...PROTOCOLS, ...KEY_VALUE_RULES]
