import { describe, expect, it } from 'vitest'
import { parseChain } from '../../core/contract/index.ts'
import hostCertificatesCollection from '../../collectors/host-certificates-collection/index.ts'
import { run } from '../agent/analysis/run-analyzer.ts'
import { ACME_CERTIFICATE, ODD_CERTIFICATE, WEB_CERTIFICATE, WEB_KEY } from './certificates.ts'
import { codes, collect, issues, texts } from './collect.ts'

const PATH = 'host-collectors/certificatesCollection/certificatesCollection.json'
const FILES = {
  '/chain.crt': WEB_CERTIFICATE + ACME_CERTIFICATE,
  '/acme.pem': `${WEB_KEY}${ACME_CERTIFICATE}`,
  '/none.crt': WEB_KEY,
}
const NOW = new Date('2026-12-01T00:00:00Z')
/** As the collector takes a file: with one that cannot be read it has none. */
function chainOf(pem: string, now: Date) {
  const { chain, errors } = parseChain('', pem, now)
  return errors.length > 0 ? undefined : chain
}

describe('a chain', () => {
  it('is told as the peer tells it', () => {
    expect(chainOf(FILES['/chain.crt'], NOW)).toEqual([
      {
        certificate: '',
        subject: 'SERIALNUMBER=7,CN=web.example.com,O=\\#Acme\\+',
        subjectAlternativeNames: ['web.example.com', '*.example.com'],
        issuer: 'CN=Acme CA,OU=A+OU=B,O=Acme\\, Inc.,L=Berlin,ST=Berlin,C=DE',
        notAfter: '2026-12-24T12:16:16Z',
        notBefore: '2026-11-24T12:16:16Z',
        isValid: true,
        isCA: false,
      },
      expect.objectContaining({
        subject: 'CN=Acme CA,OU=A+OU=B,O=Acme\\, Inc.,L=Berlin,ST=Berlin,C=DE',
        subjectAlternativeNames: null,
        isCA: true,
      }),
    ])
  })

  it('has odd names as the peer spells them', () => {
    expect(chainOf(ODD_CERTIFICATE, NOW)).toMatchObject([
      {
        subject: 'CN=second,OU=\\ x\\ ,POSTALCODE=10115,STREET=Main St. 1,L=Berlin,C=DE',
        subjectAlternativeNames: ['plain.example.com', 'with,comma', 'last.example.com'],
        isCA: false,
      },
    ])
  })

  it.each([
    ['2026-11-24T12:16:16Z', false],
    ['2026-11-24T12:16:17Z', true],
    ['2026-12-24T12:16:15Z', true],
    ['2026-12-24T12:16:16Z', false],
  ])('is valid between its dates: %s %s', (now, isValid) => {
    expect(chainOf(WEB_CERTIFICATE, new Date(now))).toMatchObject([{ isValid }])
  })

  it.each([
    ['nothing', ''],
    ['a key', WEB_KEY],
    ['half a certificate', WEB_CERTIFICATE.slice(0, 300)],
    ['one that is broken', WEB_CERTIFICATE + WEB_CERTIFICATE.replace('MIIC', 'AAAA')],
  ])('is not made of %s', (_, text) => {
    expect(chainOf(text, NOW)).toBeUndefined()
  })

  it('is read in time of its length', () => {
    const started = performance.now()
    expect(chainOf('-----BEGIN CERTIFICATE-----\n'.repeat(100_000), NOW)).toBeUndefined()
    expect(performance.now() - started).toBeLessThan(5000)
  })
})

it('tells of each file whether it is there and can be read', async () => {
  const paths = ['/chain.crt', '/none.crt', '/not/there', '/acme.pem', '/huge']
  const gathered = await collect(hostCertificatesCollection, { paths }, { files: { ...FILES, '/huge': ' '.repeat(5 * 2 ** 20) } })
  expect(JSON.parse(texts(gathered)[PATH]!)).toEqual([
    { certificatePath: '/chain.crt', certificateChain: [expect.any(Object), expect.any(Object)], message: 'cert-valid' },
    { certificatePath: '/none.crt', message: 'cert-invalid' },
    { certificatePath: '/not/there', message: 'cert-missing' },
    { certificatePath: '/acme.pem', certificateChain: [expect.objectContaining({ isCA: true })], message: 'cert-valid' },
    { certificatePath: '/huge', message: 'cert-missing' },
  ])
  expect(gathered.warnings.map(({ message }) => message)).toEqual([
    "/not/there cannot be read: ENOENT: no such file or directory, open '/not/there'",
    '/huge cannot be read: it has more than 4194304 bytes',
  ])
  expect(codes(gathered)).toEqual(['HOST_FILE_UNREADABLE', 'HOST_FILE_UNREADABLE'])
})

it.each([[{}], [{ paths: [] }], [{ paths: ['a.crt'] }]])('refuses %j', async (entry) => {
  expect((await issues(hostCertificatesCollection, entry)).join()).toContain('paths')
})

it('is understood by the analyzer', async () => {
  // The run of these tests is of 2026-01-01, before either certificate begins.
  const files = texts(
    await collect(hostCertificatesCollection, { paths: ['/chain.crt', '/not/there'], collectorName: 'tls' }, { files: FILES }),
  )
  const outcomes = [{ pass: { message: 'valid' } }, { fail: { message: 'invalid' } }]
  const results = run('hostAnalyzers', 'certificatesCollection', { collectorName: 'tls', outcomes }, files)
  expect(results.map(({ verdict, message }) => `${verdict}: ${message}`)).toEqual([
    'fail: invalid, obtained from /chain.crt',
    'fail: invalid, obtained from /chain.crt',
    'fail: Certificate is missing, cannot be obtained from /not/there',
  ])
})
