import { readFileSync } from 'node:fs'
import { createRunnerStarter } from '../../agent/runner/starter.ts'
import { systemClock } from '../../core/clock.ts'
import type { RunRequest } from '../../core/task.ts'
import { SECRET } from './runner.ts'
import { taskProgram } from './task.ts'

/** An agent of one task in a process of its own, to be stopped or killed. `node agent-process.ts <file that says what>` */
interface What {
  request: RunRequest
  /** a runner's; without it the task is a child process */
  socket?: string
  aliveMs?: number
  /** says again and again that it leads for so long */
  renewForMs?: number
}
const { request, socket, aliveMs = 15_000, renewForMs } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as What
const starter =
  socket === undefined ? taskProgram() : createRunnerStarter(socket, { clock: systemClock, secret: SECRET, aliveMs })
await starter.start(request, {
  timeoutMs: 600_000,
  memoryBytes: 2 ** 30,
  ...(renewForMs === undefined
    ? {}
    : {
        renewals(renew) {
          renew(renewForMs)
          const timer = setInterval(() => renew(renewForMs), renewForMs / 5)
          return () => clearInterval(timer)
        },
      }),
})
