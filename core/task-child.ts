import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { reasonOf } from './errors.ts'

/** The environment variable that makes an executable be the task program. */
export const TASK_ENV = 'SUPPORT_BUNDLE_SCHEDULE_TASK'
/** Its value for a task program that was started where there is no fd 3: it speaks on stdout. */
export const TASK_ON_STDOUT = 'stdout'

/** A started task program, as its parent holds it. Made at the edge, from a child process. */
export interface TaskChild {
  pid: number
  /** protocol in; writing to a child that is gone must not throw */
  send(text: string): void
  closeInput(): void
  /** protocol out: fd 3 */
  messages: AsyncIterable<Uint8Array | string>
  kill(signal: 'SIGKILL'): void
  /** resolves when the process is gone; its pipes may still hold something, or be held open by what it started */
  exited: Promise<void>
  /** resolves once all was read, with how it ended: `exit code 1`, `SIGKILL` */
  ended: Promise<string>
  /** gives up the pipes of a child that is gone */
  release(): void
  /** resident bytes now, of the child and what it started; undefined where that cannot be read */
  residentBytes(): Promise<number | undefined>
}

/** What a task makes mostly lives for a moment: an eighth of the usual room for it costs no time and saves a fourth of its memory. */
const YOUNG_MB = 2
/** Freed memory beyond this at the end of the heap goes back to the system: glibc keeps up to 64 MiB otherwise. */
const KEPT_BYTES = 128 * 1024

/**
 * What a task program is started with: no secrets, and nothing of the parent's environment but where programs are found. glibc gives each thread
 * memory of its own otherwise, which is a twentieth of a task's.
 */
export function taskSpawn(parent: { script: string | undefined; path: string | undefined; heapMb: number }) {
  return {
    args: parent.script === undefined ? [] : [parent.script],
    options: {
      env: {
        [TASK_ENV]: '1',
        MALLOC_ARENA_MAX: '2',
        MALLOC_TRIM_THRESHOLD_: String(KEPT_BYTES),
        NODE_OPTIONS: `--max-old-space-size=${parent.heapMb} --max-semi-space-size=${YOUNG_MB}`,
        ...(parent.path ? { PATH: parent.path } : {}),
      },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'] as ['pipe', 'pipe', 'pipe', 'pipe'],
      // A group of its own: killing it takes along the commands that collectors started, and Ctrl-C reaches only the parent.
      detached: true,
    },
  }
}

/** Wraps a child process started with `taskSpawn`. `kill` and `readFile` are the parent's. */
export function asTaskChild(
  child: ChildProcess,
  parent: { kill: (pid: number, signal: 'SIGKILL') => void; readFile: (path: string) => Promise<string> },
): TaskChild {
  const pid = child.pid ?? 0
  const kill = (signal: 'SIGKILL') => {
    try {
      if (pid > 0) parent.kill(-pid, signal)
    } catch {
      // already gone
    }
  }
  const failed = new Promise<string>((resolve) => child.on('error', (error) => resolve(reasonOf(error))))
  const closed = new Promise<string>((resolve) => child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`)))
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      // Commands of collectors that outlived it are still in its group.
      kill('SIGKILL')
      resolve()
    })
  })
  // A child that died has closed its input; its end is reported by `ended`.
  child.stdin?.on('error', () => undefined)
  return {
    pid,
    exited,
    ended: Promise.race([failed, closed]),
    // Without pipes the process was never started, which `ended` tells.
    messages: (child.stdio?.[3] as Readable | null | undefined) ?? noMessages(),
    send: (text) => void (child.stdin?.writable && child.stdin.write(text)),
    closeInput: () => void child.stdin?.end(),
    kill,
    release: () => child.stdio.forEach((stream) => stream?.destroy()),
    residentBytes: () => (pid > 0 ? residentBytes(pid, parent.readFile) : Promise.resolve(undefined)),
  }
}

async function* noMessages(): AsyncGenerator<Uint8Array> {}

/** Resident memory of a process and its descendants, from /proc; undefined where there is none. */
async function residentBytes(pid: number, readFile: (path: string) => Promise<string>): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`).catch(() => undefined)
  const own = /^VmRSS:\s+([0-9]+) kB/m.exec(status ?? '')?.[1]
  if (own === undefined) return undefined
  const children = await readFile(`/proc/${pid}/task/${pid}/children`).catch(() => '')
  const sizes = await Promise.all(
    children
      .split(' ')
      .filter(Boolean)
      .map((child) => residentBytes(Number(child), readFile)),
  )
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), Number(own) * 1024)
}
