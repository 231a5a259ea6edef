import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../../agent/redaction/redactor.ts'
import { MASK } from '../../../agent/redaction/rule.ts'
import { secretValues } from '../../../agent/redaction/secret-data.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const secret = (data: Record<string, string>, more: object = {}) => ({
  kind: 'Secret',
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
  ...more,
})

describe('the values of a Secret', () => {
  it.each([
    ['a password, however plain', { password: 'hunter' }, ['hunter']],
    ['a token', { apiToken: 'abc123' }, ['abc123']],
    ['what looks like nothing else', { value: 'x9$Kq2!mZ' }, ['x9$Kq2!mZ']],
    ['blanks around it aside', { password: 'hunter2\n' }, ['hunter2']],
    [
      'the credentials of a registry',
      { '.dockerconfigjson': JSON.stringify({ auths: { r: { username: 'bob', password: 'pw-1234' } } }) },
      ['pw-1234'],
    ],
  ])('are %s', (_, data, want) => expect(secretValues(secret(data))).toEqual(expect.arrayContaining(want)))

  it.each([
    ['short', { password: 'abc' }],
    ['a user name', { username: 'x9$Kq2!mZ' }],
    ['a host', { endpointName: 'db.shop.svc' }],
    ['a word', { mode: 'production' }],
    ['a namespace', { namespace: 'kube-system-1' }],
    ['a number', { limit: '12345678' }],
    ['a certificate', { 'tls.crt': '-----BEGIN CERTIFICATE-----\nabc\n', cert: '-----BEGIN CERTIFICATE-----\nabc\n' }],
    ['bytes', { password: '\ufffd\ufffd12345678' }],
  ])('are not %s', (_, data) => expect(secretValues(secret(data))).toEqual([]))

  it('are none of a Helm release, or of anything else', () => {
    expect(secretValues(secret({ data: 'x9$Kq2!mZ' }, { type: 'helm.sh/release.v1' }))).toEqual([])
    expect(secretValues({ ...secret({ data: 'x9$Kq2!mZ' }), metadata: { name: 'replicated-support-metadata' } })).toEqual([])
    for (const data of [null, 7, [], { a: 1 }]) expect(secretValues({ data })).toEqual([])
  })
})

describe('a redactor that learns', () => {
  it('masks in files that begin later, raw and in base64, and counts them', () => {
    const redactor = createRedactor([])
    const early = redactor.file('early')
    expect(redactor.learn(['x9$Kq2!mZ'])).toBe(true)
    expect(Buffer.concat([...early.push(Buffer.from('x9$Kq2!mZ\n')), ...early.end()]).toString()).toBe('x9$Kq2!mZ\n')
    expect(redactor.text(`a x9$Kq2!mZ ${base64('x9$Kq2!mZ')}`)).toBe(`a ${MASK} ${MASK}`)
    expect(redactor.report().rules).toEqual({ 'secret-read': 2 })
  })

  it('masks a value of several lines as a whole, not each of its lines', () => {
    const redactor = createRedactor([])
    redactor.learn(['metadata:\n  password: abc'])
    expect(redactor.text('metadata:\n')).toBe('metadata:\n')
    expect(redactor.text(JSON.stringify({ a: 'metadata:\n  password: abc' }))).toBe(JSON.stringify({ a: MASK }))
  })

  it('says when there are too many', () => {
    const redactor = createRedactor([])
    expect(redactor.learn(Array.from({ length: 500 }, (_, index) => `secret-${index}`))).toBe(true)
    expect(redactor.learn(['secret-1'])).toBe(true)
    expect(redactor.learn(['one more'])).toBe(false)
    expect(redactor.text('secret-499 one more')).toBe(`${MASK} one more`)
  })
})
