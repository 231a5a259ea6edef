import { pluginError } from '../../core/contract/index.ts'
import type { HostEntry } from '../../core/node-words.ts'
import type { FromTask, ToTask } from '../../core/task.ts'
import { orAbort } from './abortable.ts'

/** What a task asks of its parent and waits for. */
export interface Parent {
  /** a new bearer token of the cluster; empty = there is none */
  needToken(): Promise<string>
  /** resolves once the parent has an uploader's state for good; rejects with why not, or with the signal's reason */
  keepState(value: unknown, signal: AbortSignal): Promise<void>
  /** asks for work on nodes: what comes of it is told to the listener, once; each word of a node is to be said `heard` of */
  nodes(wanted: { entries: HostEntry[]; timeoutMs: number }, listener: (message: OfNodes) => void): { heard(node: string): void }
  /** to be given what the parent says */
  answer(message: ToTask): void
}

/** What the parent says of nodes. */
export type OfNodes = Extract<ToTask, { type: 'nodes' | 'node' | 'nodes-over' }>

type Kept = Extract<ToTask, { type: 'kept' }>

export function createParent(say: (message: FromTask) => void): Parent {
  const tokens: ((token: string) => void)[] = []
  const states = new Map<number, (kept: Kept) => void>()
  let lastId = 0
  let onNodes: ((message: OfNodes) => void) | undefined
  return {
    needToken: () =>
      new Promise((resolve) => {
        tokens.push(resolve)
        say({ type: 'need-token' })
      }),
    async keepState(value, signal) {
      const id = ++lastId
      const asked = new Promise<Kept>((resolve) => {
        states.set(id, resolve)
        say({ type: 'state', value, id })
      })
      const { problem } = await orAbort(asked, signal).finally(() => states.delete(id))
      if (!problem) return
      const { message, remedy } = problem
      throw pluginError('UPLOAD_FAILED', `the state of the upload was not kept: ${message}`, {
        class: 'retryable',
        ...(remedy ? { remedy } : {}),
      })
    },
    nodes(wanted, listener) {
      onNodes = listener
      say({ type: 'want-nodes', ...wanted })
      return { heard: (node) => say({ type: 'node-heard', node }) }
    },
    answer(message) {
      if (message.type === 'nodes' || message.type === 'node' || message.type === 'nodes-over') onNodes?.(message)
      if (message.type === 'token') tokens.shift()?.(message.token)
      if (message.type === 'kept') states.get(message.id)?.(message)
    },
  }
}
