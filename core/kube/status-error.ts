import { type ErrorCode, ProductError } from '../errors.ts'

/** The API server said no. `status` and `reason` are for decisions; message, remedy and exit code for people. */
export class KubeStatusError extends ProductError {
  /** of HTTP */
  readonly status: number
  /** the machine-readable word of the Status object, such as `AlreadyExists`; empty if the answer was none */
  readonly reason: string
  /** what the server said, without our own words */
  readonly said: string
  readonly retryAfterMs: number | undefined
  readonly details: StatusDetails
  /** with a 410 on a page of a list: a token with which the list goes on, at a newer state */
  readonly continueToken: string | undefined

  constructor(what: string, answer: { status: number; retryAfterMs: number | undefined; document: StatusDocument }) {
    const { status, document } = answer
    const said = document.message || `the server answered ${status}`
    super(codeOf(status), { what, reason: said })
    this.status = status
    this.reason = document.reason ?? ''
    this.said = said
    this.retryAfterMs = answer.retryAfterMs
    this.details = document.details ?? {}
    this.continueToken = document.metadata?.continue || undefined
  }
}

export interface StatusDetails {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: { reason?: string; message?: string; field?: string }[]
  retryAfterSeconds?: number
}

/** What we read of a `kind: Status`. */
export interface StatusDocument {
  reason?: string
  message?: string
  details?: StatusDetails
  metadata?: { continue?: string }
}

const CODES: Record<number, ErrorCode> = {
  400: 'API_INVALID',
  401: 'API_UNAUTHORIZED',
  403: 'API_FORBIDDEN',
  404: 'API_NOT_FOUND',
  409: 'API_CONFLICT',
  410: 'API_EXPIRED',
  413: 'API_INVALID',
  415: 'API_INVALID',
  422: 'API_INVALID',
}
const codeOf = (status: number): ErrorCode =>
  CODES[status] ?? (status >= 500 || status === 429 || status === 408 ? 'API_UNAVAILABLE' : 'API_INVALID')

/** True for an answer of the API server with one of these HTTP statuses. */
export function isStatus(error: unknown, ...statuses: number[]): error is KubeStatusError {
  return error instanceof KubeStatusError && statuses.includes(error.status)
}

/** The error that an answer's head and body make. The body may be anything: proxies and dying servers answer too. */
export function statusError(
  what: string,
  status: number,
  headers: { 'retry-after'?: string | undefined },
  body: string,
  now: Date,
): KubeStatusError {
  const document = parseStatus(body)
  const retryAfterMs = readRetryAfter(headers['retry-after'], now) ?? seconds(document.details?.retryAfterSeconds)
  return new KubeStatusError(what, { status, retryAfterMs, document })
}

const MAX_SAID = 500

function parseStatus(body: string): StatusDocument {
  try {
    const value = JSON.parse(body) as (StatusDocument & { kind?: string }) | null
    if (value?.kind === 'Status') return value
  } catch {
    // not from the API server itself
  }
  const text = /^\s*</.test(body) ? '' : body.trim().slice(0, MAX_SAID)
  return text ? { message: text } : {}
}

/** Seconds, or a date of HTTP. */
function readRetryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime())
}

const seconds = (value: number | undefined) => (value ? value * 1000 : undefined)
