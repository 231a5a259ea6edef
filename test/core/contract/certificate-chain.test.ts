import { describe, expect, it } from 'vitest'
import { parseChain } from '../../../core/contract/certificate-chain.ts'
import { nameText } from '../../../core/contract/distinguished-name.ts'
import { CERTIFICATES } from '../../collectors/certificates/pem.ts'

const NOW = new Date('2027-01-01T00:00:00Z')
const { web, authority, odd, long } = CERTIFICATES
const only = (pem: string, now = NOW) => parseChain('tls.crt', pem, now).chain[0]

describe('a certificate', () => {
  it('is told in the peer’s words', () => {
    expect(parseChain('tls.crt', web, NOW)).toEqual({
      chain: [
        {
          certificate: 'tls.crt',
          subject: 'CN=web.example.com,OU=a+OU=b+OU=c,O=Acme\\, Inc.,L=Mitte,ST=Berlin,C=DE',
          subjectAlternativeNames: ['web.example.com', '*.example.com'],
          issuer: 'CN=web.example.com,OU=a+OU=b+OU=c,O=Acme\\, Inc.,L=Mitte,ST=Berlin,C=DE',
          notAfter: '2036-11-21T12:16:37Z',
          notBefore: '2026-11-24T12:16:37Z',
          isValid: true,
          isCA: false,
        },
      ],
      errors: [],
    })
  })

  // what Go's crypto/x509 prints, with which the peer makes them
  it.each([
    ['parts that Go does not know are left out', authority, 'SERIALNUMBER=77,CN=\\#last\\ ,POSTALCODE=10115,STREET=Weg 1'],
    ['marks are escaped', odd, 'CN=\\ sp\\ ,O=Ünï \\"quoted\\" \\<x\\>\\;y\\\\\\\\z'],
    ['the order of parts', long, 'SERIALNUMBER=9,CN=x,OU=U,O=O1+O=O2,POSTALCODE=1,STREET=Weg,L=L,ST=S,C=DE'],
  ])('has a subject: %s', (_, pem, subject) => {
    expect(only(pem)).toMatchObject({ subject, issuer: subject })
  })

  it('is one of an authority or not, and has names or null', () => {
    expect(only(authority)).toMatchObject({ isCA: true, subjectAlternativeNames: null })
    expect(only(web)).toMatchObject({ isCA: false })
  })

  it.each([
    ['2026-11-24T12:16:37Z', false],
    ['2026-11-24T12:16:38Z', true],
    ['2036-11-21T12:16:36Z', true],
    ['2036-11-21T12:16:37Z', false],
  ])('at %s: valid is %s', (at, isValid) => {
    expect(only(web, new Date(at))?.isValid).toBe(isValid)
  })

  it('of names without a part is an empty text', () => {
    expect(nameText({})).toBe('')
    expect(nameText({ CN: ['first', 'last'], DC: 'com' })).toBe('CN=last')
  })
})

describe('a chain', () => {
  it('is in the order of the text, whatever stands between', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'
    const { chain, errors } = parseChain('k', `# web\n${web}${key}${authority}`, NOW)
    expect(chain.map(({ isCA }) => isCA)).toEqual([false, true])
    expect(errors).toEqual([])
  })

  it('loses only what cannot be parsed', () => {
    const bad = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    const { chain, errors } = parseChain('k', `${web}${bad}${authority}`, NOW)
    expect(chain).toHaveLength(2)
    expect(errors).toEqual(['certificate 2 of k cannot be parsed'])
  })

  it.each([
    ['nothing', ''],
    ['no PEM', 'hello'],
    ['another kind of PEM', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
    ['no end', '-----BEGIN CERTIFICATE-----\nAAAA'],
  ])('without a certificate says so: %s', (_, pem) => {
    expect(parseChain('tls.key', pem, NOW)).toEqual({ chain: [], errors: ['No certificates found in tls.key'] })
  })

  it('of many beginnings is looked through once', () => {
    const pem = '-----BEGIN CERTIFICATE-----'.repeat(40_000)
    expect(parseChain('k', pem, NOW).chain).toEqual([])
  }, 2000)
})
