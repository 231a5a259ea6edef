import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'

/** What is to be said of a certificate and a key, in the peer's words. */
export type KeyPairState =
  | 'key-pair-missing'
  | 'key-pair-switched'
  | 'key-pair-encrypted'
  | 'key-pair-mismatch'
  | 'key-pair-invalid'
  | 'key-pair-valid'

/** Whether the first certificate of a PEM text belongs to the first private key of another. */
export function keyPairState(certificatePem: string, keyPem: string): KeyPairState {
  const certificates = blocksOf(certificatePem)
  const certificate = certificates.find(isCertificate)
  if (!certificate) return certificates.some(isKey) ? 'key-pair-switched' : 'key-pair-invalid'
  const keys = blocksOf(keyPem)
  const key = keys.find(isKey)
  if (!key) return keys.some(isCertificate) ? 'key-pair-switched' : 'key-pair-invalid'

  const parsed = attempt(() => new X509Certificate(certificate.pem))
  if (!parsed) return 'key-pair-invalid'
  const privateKey = attempt((): KeyObject => createPrivateKey(key.pem))
  if (!privateKey) return keyPem.includes('ENCRYPTED') ? 'key-pair-encrypted' : 'key-pair-invalid'
  return parsed.checkPrivateKey(privateKey) ? 'key-pair-valid' : 'key-pair-mismatch'
}

interface Block {
  /** like `CERTIFICATE` or `RSA PRIVATE KEY` */
  label: string
  pem: string
}

const isCertificate = ({ label }: Block) => label === 'CERTIFICATE'
const isKey = ({ label }: Block) => label.endsWith('PRIVATE KEY')

/** The PEM blocks of a text; what is around them does not matter, and what has no end is none. */
function blocksOf(text: string): Block[] {
  return text
    .split('-----BEGIN ')
    .slice(1)
    .flatMap((part) => {
      const label = part.slice(0, part.indexOf('-----'))
      const end = `-----END ${label}-----`
      const at = part.indexOf(end)
      return at === -1 ? [] : [{ label, pem: `-----BEGIN ${part.slice(0, at)}${end}\n` }]
    })
}

/** undefined for what cannot be parsed: why says nothing that users could act on. */
function attempt<Value>(parse: () => Value): Value | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}
