import { X509Certificate } from 'node:crypto'
import { nameText } from './distinguished-name.ts'

/** A certificate in the words of the peer, whose analyzers read it. Times are RFC 3339 in UTC. */
export interface ParsedCertificate {
  /** the key that it stands under */
  certificate: string
  subject: string
  /** DNS names only; null when there is none */
  subjectAlternativeNames: string[] | null
  issuer: string
  notAfter: string
  notBefore: string
  /** at the time of the collection */
  isValid: boolean
  isCA: boolean
}

const BEGIN = '-----BEGIN CERTIFICATE-----'
const END = '-----END CERTIFICATE-----'

/** The certificates under a key, in their order. One that cannot be parsed is told, and the others come. */
export function parseChain(key: string, pem: string, now: Date): { chain: ParsedCertificate[]; errors: string[] } {
  const blocks = blocksIn(pem)
  if (blocks.length === 0) return { chain: [], errors: [`No certificates found in ${key}`] }
  const chain: ParsedCertificate[] = []
  const errors: string[] = []
  for (const [index, block] of blocks.entries()) {
    try {
      chain.push(facts(key, new X509Certificate(block), now))
    } catch {
      errors.push(`certificate ${index + 1} of ${key} cannot be parsed`)
    }
  }
  return { chain, errors }
}

/** Certificates among whatever else the text holds: keys, for instance. */
function blocksIn(pem: string): string[] {
  const blocks: string[] = []
  for (let begin = pem.indexOf(BEGIN); begin !== -1;) {
    const end = pem.indexOf(END, begin)
    if (end === -1) break
    blocks.push(`${pem.slice(begin, end)}${END}\n`)
    begin = pem.indexOf(BEGIN, end)
  }
  return blocks
}

function facts(key: string, certificate: X509Certificate, now: Date): ParsedCertificate {
  const { subject, issuer } = certificate.toLegacyObject()
  const { validFromDate, validToDate, subjectAltName } = certificate
  return {
    certificate: key,
    subject: nameText({ ...subject }),
    subjectAlternativeNames: dnsNames(subjectAltName ?? ''),
    issuer: nameText({ ...issuer }),
    notAfter: rfc3339(validToDate),
    notBefore: rfc3339(validFromDate),
    isValid: validFromDate < now && now < validToDate,
    isCA: certificate.ca,
  }
}

const rfc3339 = (at: Date) => at.toISOString().replace('.000Z', 'Z')

/** `DNS:a, IP Address:10.0.0.1, DNS:"with, comma"`: Node quotes names that could be taken for something else. */
function dnsNames(alternatives: string): string[] | null {
  const names = [...alternatives.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)].flatMap(([, kind, value = '']) => {
    if (kind !== 'DNS') return []
    return value.startsWith('"') ? [JSON.parse(value) as string] : [value]
  })
  return names.length > 0 ? names : null
}
