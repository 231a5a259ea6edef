import { reasonOf } from '../../../core/errors.ts'

/** What errors of the network mean, by Node's codes. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was cut (EOF)',
  EPIPE: 'the connection was cut (EOF)',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection was cut (EOF)',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'its name cannot be looked up now',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'i/o timeout',
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'no interface has this address',
  EACCES: 'permission denied',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an unknown authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an unknown authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  EPROTO: 'the other side does not speak TLS as we do',
}

/** The failure that counts: of several addresses that were tried, the first one's. */
export function firstCause(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? firstCause(error.errors[0]) : error
}

/** One line on why there was no connection, or no whole answer. */
export function networkReason(error: unknown): string {
  const first = firstCause(error)
  const { code } = (first ?? {}) as { code?: unknown }
  return (typeof code === 'string' && REASONS[code]) || reasonOf(first) || 'no reason was given'
}
