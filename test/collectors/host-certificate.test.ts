import { expect, it } from 'vitest'
import hostCertificate from '../../collectors/host-certificate/index.ts'
import { run } from '../agent/analysis/run-analyzer.ts'
import * as pem from './certificates.ts'
import { codes, collect, hostErrors, issues, texts } from './collect.ts'

const ENTRY = { certificatePath: '/a.crt', keyPath: '/a.key' }
const PATH = 'host-collectors/certificate/certificate.json'
type Content = string | Error | undefined
const gatheredOf = (certificate: Content, key: Content, entry = {}) =>
  collect(
    hostCertificate,
    { ...ENTRY, ...entry },
    {
      files: {
        ...(certificate === undefined ? {} : { '/a.crt': certificate }),
        ...(key === undefined ? {} : { '/a.key': key }),
      },
    },
  )
const CHAIN = pem.WEB_CERTIFICATE + pem.ACME_CERTIFICATE
const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
const PARAMETERS = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'

it.each<[string, Content, Content, string]>([
  ['a pair', pem.WEB_CERTIFICATE, pem.WEB_KEY, 'key-pair-valid'],
  ['a pair in an older form', pem.ACME_CERTIFICATE, pem.ACME_KEY, 'key-pair-valid'],
  ['a chain and its key', CHAIN, pem.WEB_KEY, 'key-pair-valid'],
  ['text around', `a\n${pem.WEB_CERTIFICATE}b`, `c\r\n${pem.WEB_KEY.replaceAll('\n', '\r\n')}d`, 'key-pair-valid'],
  ['parameters before the key', pem.ACME_CERTIFICATE, PARAMETERS + pem.ACME_KEY, 'key-pair-valid'],
  ['both in both', pem.WEB_CERTIFICATE + pem.WEB_KEY, pem.WEB_CERTIFICATE + pem.WEB_KEY, 'key-pair-valid'],
  ['the key of another', pem.WEB_CERTIFICATE, pem.ACME_KEY, 'key-pair-mismatch'],
  ['a key of another kind', pem.WEB_CERTIFICATE, pem.OTHER_KEY, 'key-pair-mismatch'],
  ['a chain in the wrong order', pem.ACME_CERTIFICATE + pem.WEB_CERTIFICATE, pem.WEB_KEY, 'key-pair-mismatch'],
  ['both the other way round', pem.WEB_KEY, pem.WEB_CERTIFICATE, 'key-pair-switched'],
  ['a certificate twice', pem.WEB_CERTIFICATE, pem.WEB_CERTIFICATE, 'key-pair-switched'],
  ['a chain twice', CHAIN, CHAIN, 'key-pair-switched'],
  ['a key twice', pem.WEB_KEY, pem.WEB_KEY, 'key-pair-switched'],
  ['an encrypted key', pem.WEB_CERTIFICATE, pem.WEB_KEY_ENCRYPTED, 'key-pair-encrypted'],
  ['an encrypted key in an older form', pem.ACME_CERTIFICATE, pem.ACME_KEY_ENCRYPTED, 'key-pair-encrypted'],
  ['a broken key', pem.WEB_CERTIFICATE, pem.WEB_KEY.replace('MIGH', 'AAAA'), 'key-pair-invalid'],
  ['a broken certificate', pem.WEB_CERTIFICATE.replace('MIIC', 'AAAA'), pem.WEB_KEY, 'key-pair-invalid'],
  ['half a certificate', pem.WEB_CERTIFICATE.slice(0, 400), pem.WEB_KEY, 'key-pair-invalid'],
  [
    'half a certificate before a whole one',
    pem.WEB_CERTIFICATE.slice(0, 400) + pem.WEB_CERTIFICATE,
    pem.WEB_KEY,
    'key-pair-valid',
  ],
  ['half a key', pem.WEB_CERTIFICATE, pem.WEB_KEY.slice(0, 100), 'key-pair-invalid'],
  ['no PEM', 'hello', pem.WEB_KEY, 'key-pair-invalid'],
  ['no PEM for a key', pem.WEB_CERTIFICATE, '', 'key-pair-invalid'],
  ['parameters alone', pem.WEB_CERTIFICATE, PARAMETERS, 'key-pair-invalid'],
])('%s', async (_, certificate, key, want) => {
  const gathered = await gatheredOf(certificate, key)
  expect([texts(gathered), codes(gathered)]).toEqual([{ [PATH]: want }, []])
  const errors = Object.values(hostErrors(gathered))
  expect(errors).toMatchObject(want === 'key-pair-valid' ? [] : [{ error: want }])
  expect(errors).toHaveLength(want === 'key-pair-valid' ? 0 : 1)
  expect(gathered.files[0]?.format).toBe('text')
})

it.each<[string, Content, Content, string, number]>([
  ['no certificate', undefined, pem.WEB_KEY, 'key-pair-missing', 1],
  ['no key', pem.WEB_CERTIFICATE, undefined, 'key-pair-missing', 1],
  ['neither', undefined, undefined, 'key-pair-missing', 2],
  ['a key that may not be read', pem.WEB_CERTIFICATE, denied, 'key-pair-invalid', 1],
  ['one that may not be read, and one that is missing', denied, undefined, 'key-pair-missing', 2],
  ['a file that is far too large', 'x'.repeat(5 * 2 ** 20), pem.WEB_KEY, 'key-pair-invalid', 1],
])('%s: with a warning', async (_, certificate, key, want, warnings) => {
  const gathered = await gatheredOf(certificate, key)
  expect(texts(gathered)).toEqual({ [PATH]: want })
  expect(codes(gathered)).toEqual(Array.from({ length: warnings }, () => 'HOST_FILE_UNREADABLE'))
})

it('keeps the key to itself', async () => {
  const gathered = await gatheredOf(pem.WEB_CERTIFICATE, pem.WEB_KEY)
  expect(JSON.stringify(gathered)).not.toContain(pem.WEB_KEY.split('\n')[1])
})

it('wants absolute paths', async () => {
  expect(await issues(hostCertificate, { certificatePath: 'a.crt' })).toEqual([
    'certificatePath: must be an absolute path, like /etc/ssl/app.crt',
    expect.stringContaining('keyPath: '),
  ])
})

it('is understood by the analyzer', async () => {
  const outcomes = [
    { fail: { when: 'key-pair-mismatch', message: 'no pair' } },
    { pass: { when: 'key-pair-valid', message: 'a pair' } },
  ]
  const verdict = async (key: string) => {
    const files = texts(await gatheredOf(pem.WEB_CERTIFICATE, key, { collectorName: 'web' }))
    return run('hostAnalyzers', 'certificate', { collectorName: 'web', outcomes }, files)[0]?.message
  }
  expect(await verdict(pem.WEB_KEY)).toBe('a pair')
  expect(await verdict(pem.ACME_KEY)).toBe('no pair')
})
