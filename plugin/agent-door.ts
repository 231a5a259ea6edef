import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import { AGENT_SELECTOR, API_AUDIENCE, API_PORT, API_PORT_NAME, VIEWER_ACCOUNT } from '../core/agent-api.ts'
import { fail } from '../core/errors.ts'
import type { KubeClient } from '../core/kube/client.ts'
import { listAll } from '../core/kube/list.ts'
import { resourcePath } from '../core/kube/path.ts'
import { forwardPort } from '../core/kube/port-forward.ts'
import { watchSilence } from '../core/kube/silence.ts'
import { isStatus } from '../core/kube/status-error.ts'
import { AGENT_NAMESPACE } from '../core/names.ts'

/** A running pod of the agent. */
export interface AgentPod {
  name: string
  uid: string
  isReady: boolean
  port: number
}

/** What one pod answered, its body unread. */
export interface AgentAnswer {
  status: number
  headers: IncomingHttpHeaders
  body: AsyncIterable<Buffer>
}

/** The agent's HTTP API, through port-forwards, with a token of ten minutes that opens nothing else. */
export interface AgentDoor {
  namespace: string
  /** at least one */
  pods: readonly AgentPod[]
  /** Asks one pod. Throws AGENT_FORBIDDEN, AGENT_UNREACHABLE, CLUSTER_UNREACHABLE, or the signal's reason. */
  get(pod: AgentPod, path: string, signal: AbortSignal): Promise<AgentAnswer>
}

const TOKEN_S = 600
/** The longest that the agent may say nothing. */
const SILENCE_MS = 60_000

/**
 * Finds the agent's pods, and gets a token.
 *
 * @throws AGENT_NOT_FOUND, AGENT_FORBIDDEN, AGENT_VIEWER_MISSING and what the client throws
 */
export async function openDoor(client: KubeClient, namespace = AGENT_NAMESPACE): Promise<AgentDoor> {
  const pods = await findPods(client, namespace).catch((error: unknown) => {
    throw isStatus(error, 403) ? forbidden(namespace, error.said, error) : error
  })
  if (pods.length === 0) throw fail('AGENT_NOT_FOUND', { namespace })
  const token = await getToken(client, namespace)
  return {
    namespace,
    pods,
    async get(pod, path, signal) {
      const socket = await forwardPort(client, { namespace, pod: pod.name, port: pod.port }, signal).catch((error: unknown) => {
        if (isStatus(error, 403)) throw forbidden(namespace, error.said, error)
        throw isStatus(error, 404) ? unreachable(namespace, pod, 'the pod is gone', error) : error
      })
      return ask(client, { namespace, pod, socket }, { path, token, signal })
    },
  }
}

interface PodObject {
  metadata?: { name?: string; uid?: string; deletionTimestamp?: string }
  spec?: { containers: { ports?: { name?: string; containerPort: number }[] }[] }
  status?: { phase?: string; conditions?: { type: string; status: string }[] }
}

async function findPods(client: KubeClient, namespace: string): Promise<AgentPod[]> {
  const path = resourcePath({ version: 'v1', namespace, plural: 'pods' })
  const { items } = await listAll(client, { path, query: { labelSelector: AGENT_SELECTOR } })
  return items
    .flatMap(({ json }) => {
      const { metadata = {}, spec, status } = json as PodObject
      if (status?.phase !== 'Running' || metadata.deletionTimestamp !== undefined) return []
      const ports = (spec?.containers ?? []).flatMap((container) => container.ports ?? [])
      const port = ports.find(({ name }) => name === API_PORT_NAME)?.containerPort ?? API_PORT
      const isReady = status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
      return [{ name: String(metadata.name), uid: String(metadata.uid), isReady, port }]
    })
    .toSorted((a, b) => Number(b.isReady) - Number(a.isReady) || (a.name < b.name ? -1 : 1))
}

async function getToken(client: KubeClient, namespace: string): Promise<string> {
  const path = resourcePath({
    ...{ version: 'v1', namespace, plural: 'serviceaccounts' },
    ...{ name: VIEWER_ACCOUNT, subresource: 'token' },
  })
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: [API_AUDIENCE], expirationSeconds: TOKEN_S },
  }
  try {
    const made = (await client.json({ method: 'POST', path, body })) as { status: { token: string } }
    return made.status.token
  } catch (error) {
    if (isStatus(error, 403)) throw forbidden(namespace, error.said, error)
    if (isStatus(error, 404)) throw fail('AGENT_VIEWER_MISSING', { namespace, account: VIEWER_ACCOUNT }, error)
    throw error
  }
}

function ask(
  { clock }: KubeClient,
  { namespace, pod, socket }: { namespace: string; pod: AgentPod; socket: Duplex },
  { path, token, signal }: { path: string; token: string; signal: AbortSignal },
): Promise<AgentAnswer> {
  return new Promise((resolve, reject) => {
    let silent: Error | undefined
    const silence = watchSilence(clock, SILENCE_MS, (limitMs) => {
      silent = new Error(`nothing came for ${limitMs / 1000} s`)
      socket.destroy(silent)
    })
    const onAbort = () => socket.destroy(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('close', () => {
      silence.stop()
      signal.removeEventListener('abort', onAbort)
    })
    const explain = (error: Error): Error =>
      signal.aborted ? (signal.reason as Error) : unreachable(namespace, pod, (silent ?? error).message, error)
    const headers = { authorization: `Bearer ${token}`, host: pod.name, connection: 'close' }
    const request = httpRequest({ path, headers, createConnection: () => socket }, (response) => {
      // Whoever reads it hears of it; unheard, it must not end the process.
      response.on('error', () => undefined)
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: pieces(response, socket, silence, explain),
      })
    })
    request.on('error', (error) => {
      silence.stop()
      reject(explain(error))
    })
    request.end()
  })
}

async function* pieces(
  response: IncomingMessage,
  socket: Duplex,
  silence: ReturnType<typeof watchSilence>,
  explain: (error: Error) => Error,
): AsyncGenerator<Buffer> {
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      silence.rest()
      yield piece
      silence.expect()
    }
  } catch (error) {
    throw explain(error as Error)
  } finally {
    response.destroy()
    // The far side need not close it, and then it would keep the program waiting.
    socket.destroy()
  }
}

const forbidden = (namespace: string, reason: string, cause: unknown) =>
  fail('AGENT_FORBIDDEN', { namespace, reason, account: VIEWER_ACCOUNT }, cause)

const unreachable = (namespace: string, pod: AgentPod, reason: string, cause: unknown) =>
  fail('AGENT_UNREACHABLE', { pod: pod.name, reason, remedy: `look at its log: kubectl logs -n ${namespace} ${pod.name}` }, cause)

const MAX_TEXT_BYTES = 16 * 1024 * 1024

/** All of an answer that is a document. Throws what reading throws. */
export async function textOf({ body }: AgentAnswer): Promise<string> {
  const all: Buffer[] = []
  let size = 0
  for await (const piece of body) {
    all.push(piece)
    size += piece.length
    if (size > MAX_TEXT_BYTES) throw new Error(`the answer is longer than ${MAX_TEXT_BYTES} bytes`)
  }
  return Buffer.concat(all).toString('utf8')
}

/** What an answer that is no success says of itself. */
export async function refusalOf(answer: AgentAnswer): Promise<{ message: string; remedy: string | undefined }> {
  const text = await textOf(answer).catch(() => '')
  try {
    const { message, remedy } = JSON.parse(text) as { message?: unknown; remedy?: unknown }
    if (typeof message === 'string') return { message, remedy: typeof remedy === 'string' ? remedy : undefined }
  } catch {
    // not from the agent
  }
  return { message: `it answered ${answer.status}`, remedy: undefined }
}

/** The error for an answer that is no success, and no answer about what was asked for either. */
export async function refused(door: AgentDoor, pod: AgentPod, answer: AgentAnswer): Promise<Error> {
  const { message, remedy } = await refusalOf(answer)
  const fields = {
    pod: pod.name,
    reason: message,
    remedy: remedy ?? `look at its log: kubectl logs -n ${door.namespace} ${pod.name}`,
  }
  return answer.status === 401 || answer.status === 403 ? fail('AGENT_REFUSED', fields) : fail('AGENT_UNREACHABLE', fields)
}
