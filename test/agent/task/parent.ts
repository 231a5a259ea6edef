import { readFileSync } from 'node:fs'
import type { TaskRequest } from '../../../core/task.ts'
import { taskProgram } from '../../support/task.ts'

/** A parent of its own process, to be killed: starts one task and waits. `node parent.ts <file with the request>` */
const request = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Extract<TaskRequest, { task: 'run' }>
await taskProgram().start(request, { timeoutMs: 600_000, memoryBytes: 2 ** 30 })
