import type { Execution, Kube, RawObject } from '../contract/index.ts'
import { pluginError } from '../contract/index.ts'

/** What a command in a container comes to. An Error: it cannot be run. */
export interface FakeExec {
  stdout?: string | Uint8Array
  stderr?: string
  /** default 0 */
  exitCode?: number
  /** the connection breaks once stdout was sent */
  breaksWith?: Error
}
/** By `namespace/pod/container`; the pod of an entry by the name that it was given. */
export type FakeExecs = Record<string, FakeExec | Error | ((command: string[]) => FakeExec | Error)>

/** How a pod that a collector creates fares. Default: it ends well, and prints nothing. */
export interface FakePod {
  phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed'
  /** why its containers wait, while it is pending */
  waiting?: { reason: string; message?: string }
  /** why it has no node, while it is pending */
  unschedulable?: string
  /** by container */
  logs?: Record<string, string>
  events?: { reason: string; message: string; type?: string }[]
}

type Metadata = { name?: string; generateName?: string; namespace?: string; labels?: Record<string, string> }
interface Given {
  kind?: string
  metadata?: Metadata
  spec?: { containers?: { name?: string }[] }
  status?: object
  involvedObject?: object
}

/** What collectors create in a made-up cluster. Names are the same whenever the same object is created. */
export interface FakeOwned {
  own: Kube['own']
  /** by the path of all objects of the kind */
  objects: Record<string, object[]>
  logs: Record<string, string>
  /** `namespace/pod` as the collector named it, by what it became */
  givenNames: Map<string, string>
}

/** @param fate of each pod; an Error refuses it */
export function fakeOwned(fate: (pod: object) => FakePod | Error, defaultNamespace: string): FakeOwned {
  const owned: FakeOwned = { own, objects: {}, logs: {}, givenNames: new Map() }
  const add = (path: string, object: Given) => {
    const isSame = (other: Given) =>
      other.metadata?.name === object.metadata?.name && other.metadata?.namespace === object.metadata?.namespace
    owned.objects[path] = [...(owned.objects[path] ?? []).filter((other) => !isSame(other)), object]
  }
  async function own(object: object): Promise<RawObject> {
    const { kind = '', metadata = {}, spec } = object as Given
    const plural = PLURALS[kind]
    if (!plural) throw pluginError('NOT_SUPPORTED', `creating a ${kind} is not supported`, { class: 'config' })
    const namespace = metadata.namespace ?? defaultNamespace
    const name = `${metadata.generateName ?? `${metadata.name ?? 'collector'}-`}${digest(JSON.stringify(object))}`
    const made: Given = { ...object, metadata: { ...metadata, name, namespace } }
    owned.givenNames.set(`${namespace}/${name}`, `${namespace}/${metadata.name ?? ''}`)
    const fares = kind === 'Pod' ? fate(object) : {}
    if (fares instanceof Error) throw fares
    const names = (spec?.containers ?? []).flatMap((container) => container.name ?? [])
    owned.objects['/api/v1/events'] ??= []
    add(`/api/v1/${plural}`, kind === 'Pod' ? { ...made, status: statusOf(fares, names) } : made)
    for (const container of names) owned.logs[`${namespace}/${name}/${container}`] = fares.logs?.[container] ?? ''
    for (const [index, event] of (fares.events ?? []).entries())
      add('/api/v1/events', { metadata: { name: `${name}.${index}`, namespace }, involvedObject: { kind, name }, ...event })
    return { text: JSON.stringify(made), json: { ...made } }
  }
  return owned
}

/** The status of a pod that fares so. */
function statusOf({ phase = 'Succeeded', waiting, unschedulable }: FakePod, names: string[]): object {
  const states: Record<string, object> = {
    Pending: { waiting: waiting ?? { reason: 'ContainerCreating' } },
    Running: { running: {} },
    Succeeded: { terminated: { exitCode: 0, reason: 'Completed' } },
    Failed: { terminated: { exitCode: 1, reason: 'Error' } },
  }
  if (unschedulable !== undefined)
    return { phase, conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: unschedulable }] }
  return { phase, containerStatuses: names.map((name) => ({ name, restartCount: 0, state: states[phase] })) }
}

const PLURALS: Readonly<Record<string, string>> = { Pod: 'pods', Secret: 'secrets', ConfigMap: 'configmaps' }

/** Output comes in pieces, as it does from a real one. */
const PIECE_BYTES = 32 * 1024

/** What a command comes to, as a running one. */
export function fakeExecution(answer: FakeExec | Error | undefined, key: string, signal?: AbortSignal): Execution {
  if (answer instanceof Error) throw answer
  if (!answer) throw pluginError('EXEC_FAILED', `nothing can be run in ${key}`, { class: 'retryable' })
  const { stdout = '', stderr = '', exitCode = 0, breaksWith } = answer
  const ended = Promise.withResolvers<number>()
  ended.promise.catch(() => undefined)
  const stop = () => ended.reject(signal?.reason)
  signal?.addEventListener('abort', stop, { once: true })
  const bytes = Buffer.from(stdout)
  // What fits into buffers on the way does not hold the command up.
  if (breaksWith) ended.reject(breaksWith)
  else if (bytes.length <= PIECE_BYTES) ended.resolve(exitCode)
  return {
    async *stdout() {
      try {
        for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
          signal?.throwIfAborted()
          yield bytes.subarray(at, at + PIECE_BYTES)
        }
        if (breaksWith) throw breaksWith
        ended.resolve(exitCode)
      } finally {
        ended.reject(new Error('nobody read on'))
      }
    },
    async *stderr() {
      await ended.promise.catch(() => undefined)
      if (stderr !== '') yield Buffer.from(stderr)
    },
    exitCode: ended.promise,
  }
}

/** Six letters that tell texts apart. */
function digest(text: string): string {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0
  return hash.toString(36).padStart(6, '0').slice(-6)
}
