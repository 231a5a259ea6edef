import { describe, expect, it } from 'vitest'
import { OWN_RULES } from '../../../agent/redaction/own-rules.ts'
import { createRedactor } from '../../../agent/redaction/redactor.ts'
import { MASK } from '../../../agent/redaction/rule.ts'
import { OWN_CASES, PRIVATE_KEY } from './cases.ts'

const redactor = createRedactor(OWN_RULES)
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
  `expected "${PRIVATE_KEY}", got x\nnext line`,
  '"name": "my-token"\n"secret": {\n"value": "x"',
  '"auth": "disabled"',
  'eyJhbGciOiJSUzI1NiJ9.short',
]

describe.each(Object.entries(OWN_CASES))('%s', (name, cases) => {
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
    expect(Object.keys(OWN_CASES).toSorted()).toEqual(OWN_RULES.map(({ name }) => name).toSorted())
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
    const redacted = redactor.text([PRIVATE_KEY, ...lines].join('\n')).split('\n')
    expect(redacted.slice(1, 501)).toEqual(Array.from({ length: 500 }, () => MASK))
    expect(redacted.slice(501)).toEqual(lines.slice(500))
  })
})
