import { isPluginError, pluginError } from '../../core/contract/index.ts'
import { treatmentOf } from './problems.ts'

/** What was being done, for the message and the remedy. */
export interface Doing {
  /** like `cannot write s3://bucket/key` */
  what: string
  bucket: string
  /** bucket and folder, like `bucket/prefix/` */
  target: string
  /** the endpoint, or AWS and its region */
  where: string
  now: Date
  /** values that stand in no message */
  secrets: readonly string[]
}

/** The members of an SDK's or Node's error that are looked at. Others hold the signature and what was signed. */
interface Answer {
  name: string
  message: string
  code?: unknown
  Code?: unknown
  Region?: unknown
  $metadata?: { httpStatusCode?: number; requestId?: string }
  $response?: { headers?: Record<string, string> }
}

const LONGEST_MESSAGE = 300
const LONGEST_PAUSE_MS = 3_600_000
/** What is shorter stands in any text by chance. */
const SHORTEST_SECRET = 4
const MINUTE_MS = 60_000

/**
 * The error as the host understands it. The SDK's own error is left behind, as a cause too: it carries the access key, the
 * signature and what was signed.
 */
export function asUploadError(error: unknown, doing: Doing): unknown {
  if (!(error instanceof Error) || isPluginError(error)) return error
  const answer: Answer = error
  const headers = answer.$response?.headers ?? {}
  const status = answer.$metadata?.httpStatusCode
  // The SDK calls a cut connection a TimeoutError as well, but leaves Node's code.
  const codes = [answer.Code, answer.code, answer.name].filter((one): one is string => typeof one === 'string' && one !== '')
  const { code, remedy, ...treatment } = treatmentOf(codes, status)
  const pause = pauseMs(headers['retry-after'], doing.now)
  const mask = (text: string) => masked(text, doing.secrets)
  const reason = [reasonOf(codes[0] ?? 'Error', answer, mask), ...skewOf(code, headers['date'], doing.now)]
  return pluginError(code, mask([doing.what, ...reason].join(': ')), {
    ...treatment,
    remedy: mask(filled(remedy, doing, regionOf(answer, headers))),
    ...(pause === undefined ? {} : { retryAfterMs: pause }),
  })
}

/** `AccessDenied (403): Access Denied [request 17A3F]`. What the far side says is text of strangers. */
function reasonOf(code: string, { message, $metadata }: Answer, mask: (text: string) => string): string {
  const text = mask(message)
    .replace(/^@smithy\/node-http-handler - /, '')
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .slice(0, LONGEST_MESSAGE)
  const { httpStatusCode: status, requestId: id } = $metadata ?? {}
  const words = [`${code}${status === undefined ? '' : ` (${status})`}`, ...(text === '' || text === code ? [] : [text])]
  return `${words.join(': ')}${id === undefined ? '' : ` [request ${id.slice(0, 64)}]`}`
}

function skewOf(code: string, date: string | undefined, now: Date): string[] {
  const theirs = Date.parse(date ?? '')
  if (code !== 'UPLOAD_CLOCK_WRONG' || Number.isNaN(theirs)) return []
  const minutes = Math.round((now.getTime() - theirs) / MINUTE_MS)
  return [`this machine's clock is ${Math.abs(minutes)} min ${minutes < 0 ? 'behind' : 'ahead of'} that of the service`]
}

/** Seconds or a date, as HTTP allows. */
function pauseMs(retryAfter: string | undefined, now: Date): number | undefined {
  const text = retryAfter?.trim() ?? ''
  const seconds = /^\d+$/.test(text) ? Number(text) : undefined
  const until = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) - now.getTime() : NaN
  const ms = seconds === undefined ? until : seconds * 1000
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_PAUSE_MS, Math.max(0, ms))
}

function regionOf(answer: Answer, headers: Record<string, string>): string {
  const told = typeof answer.Region === 'string' ? answer.Region : headers['x-amz-bucket-region']
  const isName = told !== undefined && /^[\w-]{1,64}$/.test(told)
  return isName ? `set "region" to "${told}"` : 'set "region" to that of the bucket, and "endpoint" to one that serves it'
}

function filled(remedy: string, { bucket, target, where }: Doing, region: string): string {
  const values: Record<string, string> = { bucket, target, where, region }
  return remedy.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
}

function masked(text: string, secrets: readonly string[]): string {
  const long = secrets.filter((secret) => secret.length >= SHORTEST_SECRET)
  return long.reduce((result, secret) => result.replaceAll(secret, '***HIDDEN***'), text)
}
