import { describe, expect, it } from 'vitest'
import { OWN_RULES } from '../../../agent/redaction/own-rules.ts'
import { createRedactor } from '../../../agent/redaction/redactor.ts'
import { MASK } from '../../../agent/redaction/rule.ts'

const redactor = createRedactor(OWN_RULES)
const YAML = `'${MASK}'`
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl_-x'
const KEY = '-----BEGIN RSA PRIVATE KEY-----'
const END = '-----END RSA PRIVATE KEY-----'

/** rule → [input, expected] */
const MASKED: Record<string, [string, string][]> = {
  'private-key': [
    [`a\n${KEY}\nMIIEow\nx+/=\n${END}\nb\n`, `a\n${KEY}\n${MASK}\n${MASK}\n${END}\nb\n`],
    [`k: |\r\n  ${KEY}\r\n  MIIEow\r\n  ${END}\r\nb: c\r\n`, `k: |\r\n  ${KEY}\r\n  ${MASK}\r\n  ${END}\r\nb: c\r\n`],
    [`2025 ${KEY}\n2025 MIIEow\n2025 ${END}\n2025 x`, `2025 ${KEY}\n${MASK}\n${MASK}${END}\n2025 x`],
    [`"${KEY}\\nMIIE\\n${END}\\n", "a": 1`, `"${KEY}${MASK}${END}\\n", "a": 1`],
    [`"${KEY}\\nMIIEcut", "a": 1`, `"${KEY}${MASK}", "a": 1`],
    [`${KEY}x${END} ${KEY}y${END} z`, `${KEY}${MASK}${END} ${KEY}${MASK}${END} z`],
    [
      '-----BEGIN PGP PRIVATE KEY BLOCK-----\nabc\n-----END PGP PRIVATE KEY BLOCK-----',
      `-----BEGIN PGP PRIVATE KEY BLOCK-----\n${MASK}\n-----END PGP PRIVATE KEY BLOCK-----`,
    ],
  ],
  'private-key-base64': [[`tls.key: ${Buffer.from(`${KEY}\nabc`).toString('base64')}`, `tls.key: ${MASK}`]],
  jwt: [
    [`got ${JWT}, fine`, `got ${MASK}, fine`],
    [`"a\\n${JWT}"`, `"a\\n${MASK}"`],
  ],
  'aws-key-id': [['key AKIAIOSFODNN7EXAMPLE.', `key ${MASK}.`]],
  'vendor-token': [
    [`x ghp_${'a1'.repeat(18)} y`, `x ${MASK} y`],
    ['x xoxb-1234567890-abc', `x ${MASK}`],
  ],
  'authorization-header': [
    ['Authorization: Bearer PLANTED', `Authorization: Bearer ${MASK}`],
    ['> authorization: Basic dXNlcjpwYXNz', `> authorization: Basic ${MASK}`],
    ['"Authorization":["Bearer pl4nted"]', `"Authorization":["Bearer ${MASK}"]`],
    [String.raw`\"Authorization\":\"token pl4nted\"`, String.raw`\"Authorization\":\"token ${MASK}\"`],
  ],
  'bearer-token': [['sent bearer abcdefghijkl0123456==', `sent bearer ${MASK}`]],
  'url-password': [
    ['redis://:pl4nted@host:6379', `redis://:${MASK}@host:6379`],
    ['amqp://bob:p@ss@host/', `amqp://bob:${MASK}@host/`],
    ['x://u:\u00e0@h', `x://u:${MASK}@h`],
  ],
  'signed-url': [['/b/k?X-Amz-Signature=abc123&x=1', `/b/k?X-Amz-Signature=${MASK}&x=1`]],
  'registry-auth': [[String.raw`{\"auth\":\"dXNlcjpwYXNz\"}`, String.raw`{\"auth\":\"${MASK}\"}`]],
  'env-pair-json': [
    ['{"name":"DB_PASSWORD","value":"a\\"b","x":1}', `{"name":"DB_PASSWORD","value":"${MASK}","x":1}`],
    ['{"name": "SESSION_KEY", "value": "abc"}', `{"name": "SESSION_KEY", "value": "${MASK}"}`],
  ],
  'env-pair-escaped': [
    [
      String.raw`{\"name\":\"API_SECRET\",\"value\":\"a\\\"b\"},{\"x\":1}`,
      String.raw`{\"name\":\"API_SECRET\",\"value\":\"${MASK}\"},{\"x\":1}`,
    ],
    [
      String.raw`\\\"name\\\":\\\"TOKEN\\\",\\\"value\\\":\\\"abc\\\"`,
      String.raw`\\\"name\\\":\\\"TOKEN\\\",\\\"value\\\":\\\"${MASK}\\\"`,
    ],
  ],
  'env-pair-pretty': [['"name": "CLIENT_SECRET",\n"value": "abc",\n', `"name": "CLIENT_SECRET",\n"value": "${MASK}",\n`]],
  'env-pair-yaml': [
    ['- name: DB_PASSWORD\n  value: ab c\n', `- name: DB_PASSWORD\n  value: ${MASK}\n`],
    ['- name: "API_KEY"\r\n  value: "abc"\r\n', `- name: "API_KEY"\r\n  value: "${MASK}\r\n`],
  ],
  'key-value-quoted': [
    ['{"password":"a\\"b","c":1}', `{"password":"${MASK}","c":1}`],
    ['token="a b", next', `token="${MASK}", next`],
    [`api_key='it''s' x`, `api_key='${MASK}' x`],
    ['"client-secret" : ",;"', `"client-secret" : "${MASK}"`],
  ],
  'key-value-escaped': [
    [String.raw`{\"password\":\"a\\\"b\",\"c\":1}`, String.raw`{\"password\":\"${MASK}\",\"c\":1}`],
    [String.raw`"export TOKEN=\"abc\"\n", "x"`, String.raw`"export TOKEN=\"${MASK}\"\n", "x"`],
  ],
  'key-value-json-number': [['{"password": 12345678, "a": 1}', `{"password": "${MASK}", "a": 1}`]],
  'key-value-yaml': [
    ['password: hunter', `password: ${YAML}`],
    ['  - dbPassword: a, "b" c \r\nx', `  - dbPassword: ${YAML} \r\nx`],
    ['DATABASE_PASSWORD: PLANTED', `DATABASE_PASSWORD: ${YAML}`],
  ],
  'key-value-yaml-in-json': [
    [
      String.raw`"app.yaml": "db:\n  password: a, b\n  port: 1\n"`,
      String.raw`"app.yaml": "db:\n  password: ${YAML}\n  port: 1\n"`,
    ],
  ],
  'key-value-bare': [
    ['password=hunter2-PLANTED', `password=${MASK}`],
    ['x DATABASE_PASSWORD: PLANTED', `x DATABASE_PASSWORD: ${MASK}`],
    ['x login with password: hunter2', `x login with password: ${MASK}`],
    ['--token=abc --x', `--token=${MASK} --x`],
    ['/cb?access_token=a.b&state=1', `/cb?access_token=${MASK}&state=1`],
    ['user=a,password=b,c,host=d', `user=a,password=${MASK},host=d`],
    ['Pwd: 1; Password=a;b;Server=c', `Pwd: 1; Password=${MASK};Server=c`],
    ['map[password:abc user:x]', `map[password:${MASK} user:x]`],
    ['api-key = x1', `api-key = ${MASK}`],
    ['"PASSWORD=abc\\n"', `"PASSWORD=${MASK}\\n"`],
  ],
  'yaml-block-value': [['password: |\n  abc def\nx', `password: |\n  ${MASK}\nx`]],
}

const KEPT = [
  'tokenReview: true',
  'secretName: web-tls',
  '"automountServiceAccountToken": false,',
  '"imagePullSecrets": [',
  '"imagePullSecrets":[{"name":"regcred"}]',
  '"serviceAccountToken": {',
  '{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}}',
  'tokenExpirationSeconds: 3607',
  '"secret": {"secretName":"x"}',
  'secret: {}',
  'token: null',
  'token: 12345',
  'token=true',
  'password: ${DB_PASSWORD}',
  '- name: X\n  valueFrom: {secretKeyRef: {key: password, name: db}}',
  "DB_PASSWORD:  <set to the key 'password' in secret 'db'>  Optional: false",
  'x invalid token: unexpected end of file',
  'E0512 sync failed: secret: not found',
  'I0512 "Syncing" secret="default/web-tls" x',
  'if token == nil {',
  'Token::parse',
  '"image": "acme/web-token:v1.2.3"',
  '{"message":"enter password: ","x":"y"}',
  'PWD=/home/bob',
  'the bearer authentication-required-here',
  'docker-pullable://nginx:1.25@sha256:abcdef',
  'https://host:8443/a@b',
  `expected "${KEY}", got x\nnext line`,
  '"name": "my-token"\n"secret": {\n"value": "x"',
  '"auth": "disabled"',
  'eyJhbGciOiJSUzI1NiJ9.short',
]

describe.each(Object.entries(MASKED))('%s', (name, cases) => {
  it.each(cases)('%j', (text, want) => {
    expect(redactor.text(text)).toBe(want)
    const alone = createRedactor(OWN_RULES.filter((rule) => rule.name === name))
    expect(alone.text(text)).toBe(want)
  })
  it('keeps what it masked', () => {
    for (const [, want] of cases) expect(redactor.text(want)).toBe(want)
  })
})

describe('own rules', () => {
  it('all have a case', () => {
    expect(Object.keys(MASKED).toSorted()).toEqual(OWN_RULES.map(({ name }) => name).toSorted())
  })

  it.each(KEPT)('keep %j', (text) => {
    expect(redactor.text(text)).toBe(text)
  })

  it('keep JSON valid', () => {
    const object = {
      password: 'a"b\\',
      n: { token: 1234567, apiKey: 'x,y', auth: 'dXNlcjpwYXNz' },
      nested: JSON.stringify({ secret: 'q"\n' }),
      url: 'a://b:c@d/',
      end: 'token: ',
    }
    for (const text of [JSON.stringify(object), JSON.stringify(object, null, 2)]) {
      const redacted = JSON.parse(redactor.text(text)) as typeof object
      expect(redacted).toMatchObject({ password: MASK, n: { token: MASK, apiKey: MASK, auth: MASK }, end: 'token: ' })
      expect(JSON.parse(redacted.nested)).toEqual({ secret: MASK })
    }
  })

  it('give up on a private key that never ends', () => {
    const lines = Array.from({ length: 502 }, (_, index) => `line ${index}`)
    const redacted = redactor.text([KEY, ...lines].join('\n')).split('\n')
    expect(redacted.slice(1, 501)).toEqual(Array.from({ length: 500 }, () => MASK))
    expect(redacted.slice(501)).toEqual(lines.slice(500))
  })
})
