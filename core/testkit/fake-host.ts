import type { Host, HostExecOptions, WriteTest } from '../contract/index.ts'

interface Ended {
  stdout?: string
  stderr?: string
  exitCode?: number
}
/** What a program does: what it prints, how it ends, an error instead of a start, or a function of arguments and options. */
type Program = string | Ended | Error | ((args: string[], options: HostExecOptions) => Ended)

/** A machine that is made up. What is not there fails as on a real one. */
export interface FakeMachine {
  /** absolute path: content, or the error that reading it gives */
  files?: Record<string, string | Uint8Array | Error>
  /** by the whole line `ip -json addr show`, or by the program's name alone */
  commands?: Record<string, Program>
  /** by path, in bytes */
  usage?: Record<string, { totalBytes: number; usedBytes: number } | Error>
  /** by folder: how long it takes each time to make a written piece durable, in ns */
  syncTimes?: Record<string, number[] | Error | ((test: WriteTest) => number[])>
  root?: string
  platform?: Host['platform']
}

/** A Host of a made-up machine: no file, process or clock of the real one is touched. */
export function fakeHost(machine: FakeMachine = {}): Host {
  const { files = {}, commands = {}, usage = {}, syncTimes = {}, root = '/', platform = 'linux' } = machine
  return {
    root,
    platform,
    read: (path) =>
      async function* () {
        yield bytesOf(found(files[path], `ENOENT: no such file or directory, open '${path}'`))
      },
    glob: async (pattern) => Object.keys(files).filter(matcher(pattern)).toSorted(),
    usage: async (path) => found(usage[path], `ENOENT: no such file or directory, statfs '${path}'`),
    syncTimes: async (folder, test) => {
      const times = found(syncTimes[folder], `ENOENT: no such file or directory, open '${folder}'`)
      return typeof times === 'function' ? times(test) : times
    },
    exec: async (command, args, options = {}) => {
      const program = found(commands[[command, ...args].join(' ')] ?? commands[command], `spawn ${command} ENOENT`)
      const ended = typeof program === 'function' ? program(args, options) : program
      return { stdout: '', stderr: '', exitCode: 0, ...(typeof ended === 'string' ? { stdout: ended } : ended) }
    },
  }
}

/**
 * The same machine, at which the run is aborted during the `at`-th call (from 1): the call then rejects, as those of the
 * real host do. `count` tells how many calls there were.
 */
export function abortingHost(host: Host, controller: AbortController, at: number): { host: Host; count: () => number } {
  let count = 0
  const step = () => {
    count += 1
    if (count >= at) controller.abort(new Error('aborted by the check'))
    controller.signal.throwIfAborted()
  }
  const wrapped: Host = {
    ...host,
    read: (path) =>
      async function* () {
        step()
        yield* host.read(path)()
      },
    glob: async (pattern) => {
      step()
      return host.glob(pattern)
    },
    usage: async (path) => {
      step()
      return host.usage(path)
    },
    syncTimes: async (folder, test) => {
      step()
      return host.syncTimes(folder, test)
    },
    exec: async (command, args, options) => {
      step()
      return host.exec(command, args, options)
    },
  }
  return { host: wrapped, count: () => count }
}

function found<Value>(value: Value | Error | undefined, missing: string): Value {
  if (value === undefined) throw Object.assign(new Error(missing), { code: 'ENOENT' })
  if (value instanceof Error) throw value
  return value
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content
}

/** `*`, `?` and `[…]` within a name, `**` for any number of folders. */
function matcher(pattern: string): (path: string) => boolean {
  const source = pattern.replaceAll(/\*\*\/?|[*?]|\[[^\]]+\]|[\\^$.|+(){}]/g, (part) => {
    if (part.startsWith('**')) return part === '**' ? '.*' : '(?:.*/)?'
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    return part.startsWith('[') ? part : `\\${part}`
  })
  const expression = new RegExp(`^${source}$`)
  return (path) => expression.test(path)
}
