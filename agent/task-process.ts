import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { Clock } from '../core/clock.ts'
import { fail, reasonOf } from '../core/errors.ts'
import { supervise, type SuperviseOptions, type TaskOutcome } from '../core/supervise.ts'
import { asTaskChild, taskSpawn } from '../core/task-child.ts'
import type { TaskName, TaskRequest, TaskResults } from '../core/task.ts'
import { createChildText } from './task/child-text.ts'

export type StartOptions = Omit<SuperviseOptions, 'clock'> & {
  /** what the child says on stdout and stderr: whole lines, redacted */
  onText?: (text: string) => void
}

/** Starts a task program for each request: as a child process here, or behind a runner (`agent/runner`). */
export interface TaskStarter {
  start<Name extends TaskName>(
    request: Extract<TaskRequest, { task: Name }>,
    options: StartOptions,
  ): Promise<TaskOutcome<TaskResults[Name]>>
}

export interface ParentProcess {
  execPath: string
  /** the task program's script; undefined in a single executable, which is its own */
  script: string | undefined
  path: string | undefined
  kill: (pid: number, signal: 'SIGKILL') => void
  /** what tasks that talk to a target get of the environment: collectors get none of it */
  targetEnv?: Readonly<Record<string, string>>
}

/** Tasks that talk to a target. */
export const TO_TARGETS: ReadonlySet<TaskName> = new Set(['deliver', 'prune', 'verify'])

/** The parent's process is handed in by main.ts. */
export function createTaskStarter(parent: ParentProcess, clock: Clock): TaskStarter {
  return {
    async start(request, { onText, ...options }) {
      // The heap alone may have all of it, so that the parent's watch, which counts the rest as well, is always first to tell.
      const { args, options: spawnOptions } = taskSpawn({ ...parent, heapMb: Math.ceil(options.memoryBytes / 2 ** 20) })
      let child: ChildProcess
      try {
        const more = TO_TARGETS.has(request.task) ? parent.targetEnv : {}
        child = spawn(parent.execPath, args, { ...spawnOptions, env: { ...spawnOptions.env, ...more } })
      } catch (error) {
        // Most failures come later, as an event; a few are thrown.
        const how = reasonOf(error)
        return {
          error: fail('TASK_INTERRUPTED', { how, step: 'start', remedy: 'free some memory or processes' }),
          warnings: [],
          peakRssBytes: 0,
        }
      }
      for (const stream of [child.stdout, child.stderr]) if (stream) readText(stream, onText)
      return supervise(asTaskChild(child, { kill: parent.kill, readFile: (path) => readFile(path, 'utf8') }), request, {
        ...options,
        clock,
      })
    },
  }
}

/** Always read, wanted or not: a full pipe would stop the child. */
function readText(stream: Readable, onText: ((text: string) => void) | undefined): void {
  stream.on('error', () => undefined)
  if (!onText) return void stream.resume()
  const text = createChildText(onText)
  stream.on('data', (chunk: Buffer) => text.push(chunk))
  stream.on('close', () => text.end())
}
