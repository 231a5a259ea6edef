import type { Http, HttpAnswer, HttpRequest } from '../contract/index.ts'
import { originOf, pluginError } from '../contract/index.ts'

/** What a made-up server answers. A body that is no text and no bytes is sent as JSON. */
export interface FakeAnswer {
  /** default 200 */
  status?: number
  headers?: Record<string, string | string[]>
  body?: string | Uint8Array | object
}

/** By `GET https://host/path`, by the URL for any method, or by the URL's origin: an answer, an error, or a function of the request. */
export type FakeAnswers = Record<string, FakeAnswer | Error | ((request: HttpRequest) => FakeAnswer | Error)>

/** An Http whose far side is made up: it opens no connection, and follows no redirect. What is not there fails as on a real network. */
export function fakeHttp(answers: FakeAnswers = {}): Http {
  return {
    async send(request) {
      const { method = 'GET', url } = request
      const found = answers[`${method} ${url}`] ?? answers[url] ?? answers[originOf(url)] ?? noAnswer(url, 'connection refused')
      const answer = typeof found === 'function' ? found(request) : found
      if (answer instanceof Error) throw answer
      return whole(answer)
    },
  }
}

/** The error of a server that cannot be reached, as the host throws it. `code` is Node's. */
export function noAnswer(url: string, reason: string, code = 'ECONNREFUSED'): Error {
  const cause = Object.assign(new Error(reason), { code })
  return pluginError('HTTP_NO_ANSWER', `no answer from ${originOf(url)}: ${reason}`, { class: 'retryable', cause })
}

/** The same far side, at which the run is aborted during the `at`-th request (from 1). `count` tells how many there were. */
export function abortingHttp(http: Http, controller: AbortController, at: number): { http: Http; count: () => number } {
  let count = 0
  const send: Http['send'] = async (request) => {
    count += 1
    if (count >= at) controller.abort(new Error('aborted by the check'))
    controller.signal.throwIfAborted()
    return http.send(request)
  }
  return { http: { send }, count: () => count }
}

function whole({ status = 200, headers = {}, body = '' }: FakeAnswer): HttpAnswer {
  const lists = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value].flat()] as const)
  return { status, headers: Object.fromEntries(lists), body: bytesOf(body) }
}

function bytesOf(body: string | Uint8Array | object): Uint8Array {
  if (body instanceof Uint8Array) return body
  return new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
}
