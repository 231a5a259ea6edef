import { reasonOf } from '../../core/errors.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { execInPod } from '../../core/kube/exec.ts'
import type { TaskChild } from '../../core/supervise.ts'
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
  const ended = running.exitCode.then((code) => `exit code ${code}`, reasonOf).finally(input.end)
  return {
    pid: 0,
    send: input.push,
    closeInput: input.end,
    messages: running.stdout,
    kill: () => left.abort(new Error('it was left')),
    exited: ended.then(() => undefined),
    ended,
    release: () => undefined,
    residentBytes: () => Promise.resolve(undefined),
  }
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
