import * as fc from 'fast-check'
import { DEFAULT_CASES, INSTALLER, OWN_CASES } from './cases.ts'

/** Planted text: what rules have to find, and pieces of it that meet by chance. */
const CASES = [
  ...DEFAULT_CASES.map(({ text }) => text),
  ...Object.values(OWN_CASES).flatMap((cases) => cases.map(([text]) => text)),
]
const FRAGMENTS = [
  [
    'password',
    'DB_TOKEN',
    'AWS_SECRET_ACCESS_KEY',
    'user',
    'database',
    'apiKey',
    'secret',
    'hunter2',
    'plain text',
    'true',
    '123456789',
  ],
  [
    '"name": "',
    '"name":"DB_PASSWORD",',
    '"value": "',
    '\\"name\\":\\"',
    '\\",\\"value\\":\\"',
    '\\"',
    '\\\\\\"',
    '"',
    "'",
    "''",
    '\\n',
    ',',
    '", "',
  ],
  [
    'http://',
    'pg://u:p@h/db',
    '://',
    ':',
    '@',
    '/',
    '@tcp(',
    'root:pw@tcp(db:3306)/x',
    ';',
    '=',
    ' = ',
    ': ',
    'Server=',
    'User ID = ',
    'Pwd=a;',
  ],
  [
    '-----BEGIN PRIVATE KEY-----',
    '-----END PRIVATE KEY-----',
    'MIIEowIBAAKCAQEA',
    'Authorization: Bearer ',
    'Bearer abcdef0123456789',
    'AKIAIOSFODNN7EXAMPLE',
  ],
  [
    'eyJhbGciOiJI.eyJzdWIiOiJ4.abc',
    '"entity": "osd.1"',
    '"key": "AQBjt8s0WkfPtxZUo7gI8a0awbQGHgzuprdaed=="',
    '- name: X_TOKEN',
    '  value: abc',
    '|',
  ],
  ['"certKey":"x"', '?sig=', '***HIDDEN***', ' ', '  ', '\t', '{', '}', '\u00e0', '\u00a0', '\r', '\u2028'],
].flat()
const anyText = (...texts: string[]) => fc.constantFrom(...texts).map((text) => Buffer.from(text))
const anyFragment = fc.oneof(
  { weight: 6, arbitrary: anyText(...CASES) },
  { weight: 8, arbitrary: anyText(...FRAGMENTS) },
  { weight: 6, arbitrary: anyText('\n', '\n', '\r\n') },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)) },
)
export const anyFile = fc.array(anyFragment, { maxLength: 40, size: 'max' }).map((parts) => Buffer.concat(parts))
export const anyCuts = fc.array(fc.nat(), { maxLength: 12 })
export const anyPath = fc.constantFrom('x', `${INSTALLER}.json`)
