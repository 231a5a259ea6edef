import { X509Certificate } from 'node:crypto'

/** A certificate as the peer's analyzers read it. Times are RFC 3339 in UTC. */
export interface ParsedCertificate {
  /** always empty: the path stands beside the chain */
  certificate: ''
  subject: string
  subjectAlternativeNames: string[] | null
  issuer: string
  notAfter: string
  notBefore: string
  /** at the time of the collection */
  isValid: boolean
  isCA: boolean
}

/** The certificates of a PEM text, in their order; undefined when there is none, or one that cannot be parsed. */
export function chainOf(pem: string, now: Date): ParsedCertificate[] | undefined {
  const blocks = pem.split('-----BEGIN CERTIFICATE-----').slice(1)
  const whole = blocks.flatMap((block) => {
    const end = block.indexOf('-----END CERTIFICATE-----')
    return end === -1 ? [] : [`-----BEGIN CERTIFICATE-----${block.slice(0, end)}-----END CERTIFICATE-----\n`]
  })
  if (whole.length === 0) return undefined
  try {
    return whole.map((block) => facts(new X509Certificate(block), now))
  } catch {
    return undefined
  }
}

function facts(certificate: X509Certificate, now: Date): ParsedCertificate {
  const { subject, issuer } = certificate.toLegacyObject()
  const { validFromDate, validToDate } = certificate
  return {
    certificate: '',
    subject: nameOf({ ...subject }),
    subjectAlternativeNames: dnsNames(certificate.subjectAltName),
    issuer: nameOf({ ...issuer }),
    notAfter: rfc3339(validToDate),
    notBefore: rfc3339(validFromDate),
    isValid: validFromDate < now && now < validToDate,
    isCA: certificate.ca,
  }
}

const rfc3339 = (at: Date) => at.toISOString().replace('.000Z', 'Z')

/** Parts of a name in the peer's order, by the names that OpenSSL has for them. */
const PARTS: readonly (readonly [of: string, shown: string])[] = [
  ['serialNumber', 'SERIALNUMBER'],
  ['CN', 'CN'],
  ['OU', 'OU'],
  ['O', 'O'],
  ['postalCode', 'POSTALCODE'],
  ['street', 'STREET'],
  ['L', 'L'],
  ['ST', 'ST'],
  ['C', 'C'],
]
/** Of these the peer keeps the last. */
const SINGLE = new Set(['serialNumber', 'CN'])

/** `CN=web,OU=a+OU=b,O=Acme\, Inc.,C=DE`: what else a name has is left out, as by the peer. */
function nameOf(name: Record<string, unknown>): string {
  return PARTS.flatMap(([of, shown]) => {
    const all = [name[of] ?? []].flat().map(String)
    const values = SINGLE.has(of) ? all.slice(-1) : all
    return values.length > 0 ? [values.map((value) => `${shown}=${escaped(value)}`).join('+')] : []
  }).join(',')
}

function escaped(value: string): string {
  return value.replaceAll(/[,+"\\<>;]|^[ #]| $/g, (mark) => `\\${mark}`)
}

/** The DNS names of a text like `DNS:a, IP Address:10.0.0.1, DNS:"with, comma"`; null when there are none. */
function dnsNames(alternatives: string | undefined): string[] | null {
  const parts = (alternatives ?? '').matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)
  const names = [...parts].flatMap(([, kind, value = '']) => {
    if (kind !== 'DNS') return []
    return value.startsWith('"') ? [JSON.parse(value) as string] : [value]
  })
  return names.length > 0 ? names : null
}
