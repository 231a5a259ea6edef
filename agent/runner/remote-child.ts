import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { once } from 'node:events'
import type { Clock } from '../../core/clock.ts'
import { reasonOf } from '../../core/errors.ts'
import type { TaskChild } from '../../core/task-child.ts'
import { encode, type FromRunner, pieces, type ToRunner } from './messages.ts'

/** Between two words of the agent, a third of what the runner waits. */
const PER_LIFE = 3

/**
 * A task behind the runner, as its parent holds it. `said` are the runner's words after `started`; `onText` is given what the
 * task prints, `undefined` at the end of it.
 */
export function remoteChild(
  socket: Socket,
  said: AsyncIterable<FromRunner>,
  task: { pid: number; aliveMs: number; clock: Clock; onText: (stream: 'stdout' | 'stderr', text: string) => void },
): TaskChild {
  const messages = new PassThrough()
  const ended = Promise.withResolvers<string>()
  const over = new AbortController()
  let resident: number | undefined
  const tell = (message: ToRunner) => void (socket.writable && socket.write(encode(message)))

  const follow = async (): Promise<string> => {
    for await (const message of said) {
      if (message.type === 'message') await pushed(messages, message.text)
      if (message.type === 'text') task.onText(message.stream, message.text)
      if (message.type === 'rss') resident = message.bytes
      if (message.type === 'exited') return message.how
    }
    return 'the runner is gone'
  }
  const followed = async () => {
    const how = await follow().catch((error: unknown) => `the runner is gone: ${reasonOf(error)}`)
    over.abort()
    messages.end()
    socket.destroy()
    ended.resolve(how)
  }
  void followed()
  void sayAlive(tell, task.clock, task.aliveMs / PER_LIFE, over.signal)

  return {
    pid: task.pid,
    messages,
    send(text) {
      for (const piece of pieces(text)) tell({ type: 'stdin', text: piece })
    },
    closeInput: () => tell({ type: 'end' }),
    kill: () => tell({ type: 'kill' }),
    exited: ended.promise.then(() => undefined),
    ended: ended.promise,
    release: () => void socket.destroy(),
    residentBytes: async () => resident,
  }
}

/** As fast as they are read; who does not read any more gets no more. */
async function pushed(stream: PassThrough, text: string): Promise<void> {
  if (stream.destroyed || stream.write(text)) return
  await Promise.race([once(stream, 'drain'), once(stream, 'close')])
}

async function sayAlive(tell: (message: ToRunner) => void, clock: Clock, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    tell({ type: 'alive' })
    await clock.sleep(everyMs, signal).catch(() => undefined)
  }
}
