import { fail, reasonOf } from '../../core/errors.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { execInPod } from '../../core/kube/exec.ts'
import { MAX_WORD } from '../../core/node-words.ts'
import { decodeMessages, encodeMessage, FromTask } from '../../core/task.ts'
import type { TaskChild } from '../../core/task-child.ts'
import { CONTAINER, TASK_COMMAND } from './host-pod.ts'

/**
 * A task program that runs in a pod, as its parent holds it. To kill it is to leave it: it ends with its input, and with its pod.
 *
 * @throws KubeStatusError, CLUSTER_UNREACHABLE, EXEC_FAILED, or the signal's reason
 */
export async function startInPod(
  client: KubeClient,
  { namespace, name }: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<TaskChild> {
  const input = createInput()
  const left = new AbortController()
  const command = { namespace, pod: name, container: CONTAINER, command: TASK_COMMAND, stdin: input.stream() }
  const running = await execInPod(client, command, AbortSignal.any([signal, left.signal]))
  const end = async (code: number) => `exit code ${code}${await complaint(running.stderr)}`
  const ended = running.exitCode.then(end, reasonOf).finally(input.end)
  return {
    pid: 0,
    send: input.push,
    closeInput: input.end,
    messages: ofHostTask(running.stdout),
    kill: () => left.abort(new Error('it was left')),
    exited: ended.then(() => undefined),
    ended,
    release: () => undefined,
    residentBytes: () => Promise.resolve(undefined),
  }
}

const SAID: ReadonlySet<FromTask['type']> = new Set(['step', 'node', 'done', 'failed'])

/**
 * What a host task has to say. Who owns the node may say what it likes: questions and warnings without end would lie in the memory
 * of who listens, and the last word on a node is not its own.
 */
async function* ofHostTask(stdout: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const message of decodeMessages(stdout, FromTask, MAX_WORD)) {
    const isOver = message.type === 'node' && message.word.kind === 'over'
    if (isOver || !SAID.has(message.type))
      throw fail('TASK_PROTOCOL', { reason: `"${isOver ? 'over' : message.type}" is no word of a host task` })
    yield encodeMessage(message)
  }
}

const COMPLAINT = 200

/** The first line that a command complained with, if it did: why it could not begin, mostly. */
async function complaint(stderr: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const piece of stderr) text += Buffer.from(piece.subarray(0, 4 * COMPLAINT)).toString('utf8')
  const line = reasonOf(text).slice(0, COMPLAINT)
  return line && `: ${line}`
}

/** What is sent to a command, until it is ended. */
function createInput() {
  const waiting: string[] = []
  let isOver = false
  let wake = () => {}
  return {
    push(text: string) {
      if (!isOver) waiting.push(text)
      wake()
    },
    end() {
      isOver = true
      wake()
    },
    async *stream(): AsyncGenerator<Uint8Array> {
      for (;;) {
        for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) yield Buffer.from(text)
        if (isOver) return
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}
