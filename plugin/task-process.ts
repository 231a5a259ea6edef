import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../core/clock.ts'
import type { TaskChild } from '../core/task-child.ts'
import type { CliEdge } from './cli-edge.ts'

export interface TaskParent {
  /** what runs the task program */
  execPath: string
  path: string | undefined
  kill(pid: number, signal: NodeJS.Signals): void
}

/** Task programs as plain children of the CLI. What starts them is loaded only when the first of them is asked for. */
export function taskProcesses(parent: TaskParent, lib: string): Required<Pick<CliEdge, 'task' | 'warmTask'>> {
  let warm: { memoryBytes: number; child: Promise<TaskChild> } | undefined
  const start = async (memoryBytes: number): Promise<TaskChild> => {
    const [{ spawn }, { asTaskChild, taskSpawn }] = await Promise.all([
      import('node:child_process'),
      import('../core/task-child.ts'),
    ])
    const { args, options } = taskSpawn({
      script: join(lib, 'task.js'),
      path: parent.path,
      heapMb: Math.round(memoryBytes / 2 ** 20),
    })
    const child = spawn(parent.execPath, args, options)
    // Free text of plug-ins is not redacted here: it is read, so that the child does not block, and dropped.
    for (const stream of [child.stdout, child.stderr]) stream?.resume()
    return asTaskChild(child, { kill: parent.kill, readFile: async (path) => readFileSync(path, 'utf8') })
  }
  return {
    async warmTask(memoryBytes) {
      const begun = { memoryBytes, child: start(memoryBytes) }
      warm = begun
      await begun.child.catch(() => undefined)
      return () => {
        if (warm !== begun) return
        warm = undefined
        void begun.child.then(
          (child) => child.kill('SIGKILL'),
          () => undefined,
        )
      }
    },
    async task(request, options) {
      const taken = warm?.memoryBytes === options.memoryBytes ? warm : undefined
      if (taken) warm = undefined
      const begun = taken ? taken.child : start(options.memoryBytes)
      const [{ supervise }, child] = await Promise.all([import('../core/supervise.ts'), begun])
      return supervise(child, request, { ...options, clock: systemClock })
    },
  }
}
