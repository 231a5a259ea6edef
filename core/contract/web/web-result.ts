import { indentedJson, reasonLine } from '../cluster-source.ts'
import type { Http, HttpAnswer, HttpTls } from '../http.ts'
import { warning } from '../outputs.ts'
import type { Output } from '../plugin.ts'
import type { TlsMaterial, TlsSource } from '../value-source.ts'

/** One request of an `http` entry; `timeout` in ms, 0 = the default. */
export interface WebCall {
  url: string
  headers: Record<string, string>
  body?: string | undefined
  insecureSkipVerify: boolean
  timeout: number
  tls?: TlsSource | undefined
  proxy: string
}
/** The first of them counts. */
export interface WebCalls {
  get?: WebCall | undefined
  post?: WebCall | undefined
  put?: WebCall | undefined
}

/** The peer waits for ever, which an unattended run cannot. */
const TIMEOUT_MS = 60_000

/** What an `http` entry writes: the answer, or why there is none, which comes as a warning too. */
export async function* webResult(
  { http, signal }: { http: Http; signal: AbortSignal },
  calls: WebCalls,
  path: string,
  readTls: (source: TlsSource | undefined) => Promise<TlsMaterial | undefined>,
): AsyncGenerator<Output> {
  signal.throwIfAborted()
  const [method, call] = Object.entries(calls).find(([, one]) => one !== undefined) as [string, WebCall]
  const { url, headers, body, proxy } = call
  let message: string
  try {
    const answer = await http.send({
      method: method.toUpperCase(),
      url,
      headers,
      ...(body ? { body } : {}),
      ...(proxy ? { proxy } : {}),
      timeoutMs: call.timeout || TIMEOUT_MS,
      tls: tlsOf(await readTls(call.tls), call.insecureSkipVerify),
    })
    signal.throwIfAborted()
    return yield indentedJson(path, { response: described(answer) })
  } catch (error) {
    signal.throwIfAborted()
    message = reasonLine(error)
  }
  yield indentedJson(path, { error: { message } })
  yield warning('HTTP_FAILED', message)
}

function tlsOf(material: TlsMaterial | undefined, isInsecure: boolean): HttpTls {
  const { skipVerify = false, ca = '', cert = '', key = '' } = material ?? {}
  return { ...(ca ? { ca } : {}), ...(cert ? { cert, key } : {}), isUnverified: isInsecure || skipVerify }
}

function described({ status, headers, body }: HttpAnswer): object {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(body)
  const names = Object.keys(headers).toSorted()
  const joined = names.map((name) => [goName(name), headers[name]?.join(',') ?? ''] as const)
  const raw = exactJson(text)
  return { status, body: text, headers: Object.fromEntries(joined), ...(raw === undefined ? {} : { raw_json: raw.value }) }
}

/** `content-type` as Go writes it: `Content-Type`. */
const goName = (name: string) => name.replaceAll(/(^|-)([a-z])/g, (part) => part.toUpperCase())

/** What JSON says; numbers are written as they came, since some have more digits than ours. Undefined when it is none. */
function exactJson(text: string): { value: unknown } | undefined {
  try {
    return { value: parseExactly(text) }
  } catch {
    return undefined
  }
}

/** Newer than the types of the language: https://github.com/tc39/proposal-json-parse-with-source */
interface ExactJson {
  parse(text: string, revive: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
  rawJSON(text: string): unknown
}
const parseExactly = (text: string) => {
  const exact: ExactJson = JSON as JSON & ExactJson
  return exact.parse(text, (_, value, { source }) =>
    typeof value === 'number' && source !== undefined ? exact.rawJSON(source) : value,
  )
}
