import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** The keeper as its owner sees it. */
export interface Keeper {
  /** Resolves with the process id once it is started. */
  start(name: string, command: string, args: string[]): Promise<number>
  /** Resolves once it has ended; at once when it does not run. */
  stop(name: string, signal?: NodeJS.Signals): Promise<void>
  /** How a process ended; undefined while it runs. */
  howEnded(name: string): string | undefined
  /** Ends everything and removes the folder. */
  close(): Promise<void>
}

interface Message {
  started?: string
  pid?: number
  ended?: string
  how?: string
}

/** Starts a keeper for one folder. See keeper.ts. */
export function startKeeper(folder: string): Keeper {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'keeper.ts'), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true, // the terminal's Ctrl-C is not for it
  })
  const hold = holder(child)
  const events = new EventEmitter()
  const ended = new Map<string, string>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line) as Message
    if (message.ended !== undefined) ended.set(message.ended, message.how ?? '')
    events.emit('message', message)
  })
  const order = (text: object) => child.stdin.write(`${JSON.stringify(text)}\n`)
  const until = (isIt: (message: Message) => boolean) =>
    hold(async () => {
      for (;;) {
        const [message] = (await once(events, 'message')) as [Message]
        if (isIt(message)) return message
      }
    })
  const running = new Set<string>()
  return {
    async start(name, command, args) {
      ended.delete(name)
      running.add(name)
      const started = until((message) => message.started === name)
      order({ start: name, command, args })
      return (await started).pid ?? 0
    },
    async stop(name, signal = 'SIGTERM') {
      if (!running.delete(name) || ended.has(name)) return
      const over = until((message) => message.ended === name)
      order({ stop: name, signal })
      await over
    },
    howEnded: (name) => ended.get(name),
    close: () => hold(() => closed(child)),
  }
}

async function closed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.stdin?.end()
  await exited
}

/** The keeper alone holds no process open; while something is awaited of it, it does. */
function holder(child: ChildProcess) {
  const parts = [child, child.stdin as Socket, child.stdout as Socket]
  let waiting = 0
  parts.forEach((part) => part.unref())
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (waiting++ === 0) parts.forEach((part) => part.ref())
    try {
      return await work()
    } finally {
      if (--waiting === 0) parts.forEach((part) => part.unref())
    }
  }
}
