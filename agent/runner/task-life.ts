import type { Clock } from '../../core/clock.ts'
import type { TaskChild } from '../../core/task-child.ts'
import type { Spawn } from './messages.ts'

/** The agent ends its tasks itself; this is for one that is stopped, or does not look. */
const BEYOND_MS = 10_000
const WATCH_MS = 250
/** Between the end of a task's input and its kill. */
export const GRACE_MS = 5_000
/** What the agent said may have come while this process did not run: it is read before the task is given up. */
const LATE_MS = 200

export interface TaskLife {
  /** the agent said something */
  heard(): void
  /** kills it, for a reason that is told when it is gone */
  end(reason: string): void
  /** cancels it: end of its input, a moment, kill */
  stop(reason: string): void
  /** its last word: how it ended, and why if it was killed from here */
  how(ended: string): string
  over(): void
}

/** Holds a task to its memory, to its time, and to an agent that lives. */
export function watchTask(
  child: Pick<TaskChild, 'kill' | 'closeInput'>,
  limits: Pick<Spawn, 'memoryBytes' | 'timeoutMs' | 'aliveMs'>,
  edge: { clock: Clock; residentBytes: () => Promise<number>; onRss: (bytes: number) => void; onForsaken: () => void },
): TaskLife {
  const { clock } = edge
  const over = new AbortController()
  const sleep = (ms: number) => clock.sleep(ms, over.signal)
  const meanwhile = (work: () => Promise<void>) => void work().catch(() => undefined)
  let heardAt = clock.monotonicMs()
  let killedFor: string | undefined
  const end = (reason: string) => {
    // Its number may be another's by now.
    if (over.signal.aborted) return
    killedFor ??= reason
    child.kill('SIGKILL')
  }
  const isForsaken = () => clock.monotonicMs() - heardAt >= limits.aliveMs

  meanwhile(async () => {
    await sleep(limits.timeoutMs + BEYOND_MS)
    end('its time is over')
  })
  meanwhile(async () => {
    for (;;) {
      const bytes = await edge.residentBytes()
      edge.onRss(bytes)
      if (bytes > limits.memoryBytes) end('too much memory')
      await sleep(WATCH_MS)
    }
  })
  meanwhile(async () => {
    for (;;) {
      await sleep(Math.max(1, heardAt + limits.aliveMs - clock.monotonicMs()))
      if (isForsaken()) await sleep(LATE_MS)
      if (!isForsaken()) continue
      end('the agent says nothing any more')
      edge.onForsaken()
      return
    }
  })
  return {
    heard: () => void (heardAt = clock.monotonicMs()),
    end,
    stop(reason) {
      child.closeInput()
      meanwhile(async () => (await sleep(GRACE_MS), end(reason)))
    },
    how: (ended) => (killedFor === undefined ? ended : `${ended}, ${killedFor}`),
    over: () => over.abort(),
  }
}
