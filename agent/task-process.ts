import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { Clock } from '../core/clock.ts'
import { asTaskChild, supervise, type SuperviseOptions, type TaskOutcome, taskSpawn } from '../core/supervise.ts'
import type { TaskName, TaskRequest, TaskResults } from '../core/task.ts'

/** Starts a task program for each request. The parent's process is handed in by main.ts. */
export interface TaskStarter {
  start<Name extends TaskName>(
    request: Extract<TaskRequest, { task: Name }>,
    options: Omit<SuperviseOptions, 'clock'> & { onText?: (text: string) => void },
  ): Promise<TaskOutcome<TaskResults[Name]>>
}

export interface ParentProcess {
  execPath: string
  /** the task program's script; undefined in a single executable, which is its own */
  script: string | undefined
  path: string | undefined
  kill: (pid: number, signal: 'SIGKILL') => void
}

/** Plug-ins hold more in Buffers, outside the heap: total memory is watched by the parent. */
const HEAP_MB = 512

export function createTaskStarter(parent: ParentProcess, clock: Clock): TaskStarter {
  return {
    start(request, { onText, ...options }) {
      const { args, options: spawnOptions } = taskSpawn({ ...parent, heapMb: HEAP_MB })
      const child: ChildProcess = spawn(parent.execPath, args, spawnOptions)
      // Both are always read: a full pipe would stop the child.
      for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => onText?.(text))
      return supervise(asTaskChild(child, { kill: parent.kill, readFile: (path) => readFile(path, 'utf8') }), request, {
        ...options,
        clock,
      })
    },
  }
}
