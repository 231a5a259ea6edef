import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
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

/** Starts a keeper for one folder. See keeper.ts. */
export function startKeeper(folder: string): Keeper {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'keeper.ts'), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true, // the terminal's Ctrl-C is not for it
  })
  child.unref()
  const events = new EventEmitter()
  const ended = new Map<string, string>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line) as { started?: string; pid?: number; ended?: string; how?: string }
    if (message.ended !== undefined) ended.set(message.ended, message.how ?? '')
    events.emit('message', message)
  })
  const order = (text: object) => child.stdin.write(`${JSON.stringify(text)}\n`)
  const until = async (isIt: (message: { started?: string; pid?: number; ended?: string }) => boolean) => {
    for (;;) {
      const [message] = (await once(events, 'message')) as [{ started?: string; pid?: number; ended?: string }]
      if (isIt(message)) return message
    }
  }
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
    close: () => closed(child),
  }
}

async function closed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.stdin?.end()
  await exited
}
