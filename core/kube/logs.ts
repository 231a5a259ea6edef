import type { KubeClient } from './client.ts'
import { resourcePath } from './path.ts'

export interface PodLogOptions {
  namespace: string
  pod: string
  container?: string
  /** of the container's last life but one */
  previous?: boolean
  /** goes on until the container ends, or the reader stops */
  follow?: boolean
  /** lines from the end; 0 is none */
  tailLines?: number
  limitBytes?: number
  sinceTime?: Date
  timestamps?: boolean
  signal?: AbortSignal
  /** the longest silence in ms; default 60 s, and an hour with `follow`, as a container may well be quiet */
  idleMs?: number
}

const QUIET_FOLLOW_MS = 3_600_000

/**
 * A container's log, as bytes. The request is sent when reading begins; to stop reading ends it.
 *
 * @throws what KubeClient.request throws, at the first step; a log that breaks off throws CLUSTER_UNREACHABLE where it does,
 *   unless it was the node that died: the API server then ends the log as if it were whole
 */
export async function* podLog(client: KubeClient, options: PodLogOptions): AsyncGenerator<Buffer> {
  const { namespace, pod, container, previous, follow, tailLines, limitBytes, sinceTime, timestamps, signal, idleMs } = options
  const response = await client.request({
    path: resourcePath({ version: 'v1', plural: 'pods', namespace, name: pod, subresource: 'log' }),
    query: { container, previous, follow, tailLines, limitBytes, sinceTime: sinceTime?.toISOString(), timestamps },
    headers: { accept: '*/*' },
    isLongLived: follow ?? false,
    signal,
    timeoutMs: idleMs ?? (follow ? QUIET_FOLLOW_MS : undefined),
  })
  yield* response.body
}
