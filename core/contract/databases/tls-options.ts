import { getCACertificates } from 'node:tls'
import type { TlsMaterial } from '../value-source.ts'

/** What `tls.connect` takes of certificates. */
export interface TlsOptions {
  ca?: string[]
  cert?: string
  key?: string
  rejectUnauthorized: boolean
}

/** The system's authorities count beside the one that is given. */
export function tlsOptions({ skipVerify, ca, cert, key }: TlsMaterial): TlsOptions {
  return {
    ...(ca === '' ? {} : { ca: [...getCACertificates('default'), ca] }),
    ...(cert === '' ? {} : { cert, key }),
    rejectUnauthorized: !skipVerify,
  }
}
