import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TaskStarter } from '../../agent/task-process.ts'
import type { Clock } from '../../core/clock.ts'
import { asProblem, fail, type ProductError } from '../../core/errors.ts'
import type { SuperviseOptions, TaskOutcome } from '../../core/supervise.ts'
import type { DeliverResult, FromTask, RunRequest, TaskName, TaskRequest, TaskResults } from '../../core/task.ts'

export type Options = Omit<SuperviseOptions, 'clock'> & { onText?: (text: string) => void }

/** What a started task does. Times are of the fake clock; without `ms` it ends at once. */
export interface Behaviour {
  does: 'complete' | 'fail' | 'crash' | 'hang'
  ms?: number
  /** said before it ends */
  says?: FromTask[]
  /** instead of the usual result */
  result?: unknown
  /** when it is cancelled it ends with its result all the same: it was done by then */
  isDoneWhenCancelled?: boolean
}

/** A task that was started. */
export interface Start {
  task: TaskName
  run: string
  request: TaskRequest
  at: Date
}

/** The task program, in the process: `script` says what each task does. Hanging ones end when they are cancelled. */
export class FakeTasks implements TaskStarter {
  readonly starts: Start[] = []
  /** tasks that wait for the clock or for their end: `run nightly.123` */
  readonly waiting = new Set<string>()
  script: (request: TaskRequest) => Behaviour = () => ({ does: 'complete' })
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Runs for which a task of a kind was started, in order. */
  of(task: TaskName): string[] {
    return this.starts.filter((start) => start.task === task).map(({ run }) => run)
  }

  async start<Name extends TaskName>(
    request: Extract<TaskRequest, { task: Name }>,
    options: Options,
  ): Promise<TaskOutcome<TaskResults[Name]>> {
    const run = 'run' in request ? request.run.id : ''
    this.starts.push({ task: request.task, run, request, at: this.#clock.now() })
    const behaviour = this.script(request)
    return this.#work(request, behaviour, options)
  }

  async #wait(request: TaskRequest, { does, ms = 0 }: Behaviour, signal: AbortSignal | undefined): Promise<void> {
    const key = `${request.task} ${'run' in request ? request.run.id : ''}`
    this.waiting.add(key)
    try {
      if (does === 'hang') await this.#clock.sleep(Number.MAX_SAFE_INTEGER, signal)
      else if (ms > 0) await this.#clock.sleep(ms, signal)
    } finally {
      this.waiting.delete(key)
    }
  }

  async #work<Name extends TaskName>(
    request: TaskRequest,
    behaviour: Behaviour,
    options: Options,
  ): Promise<TaskOutcome<TaskResults[Name]>> {
    const ended = { warnings: [], peakRssBytes: 1000 }
    try {
      for (const message of behaviour.says ?? []) {
        options.onMessage?.(message)
        if (message.type === 'state') await options.onState?.(message.value)
      }
      await this.#wait(request, behaviour, options.signal)
      options.signal?.throwIfAborted()
    } catch (error) {
      if (!options.signal?.aborted) return { ...ended, result: notKept(error) as TaskResults[Name] }
      if (!behaviour.isDoneWhenCancelled) return { ...ended, error: options.signal?.reason as ProductError }
    }
    if (behaviour.does === 'crash')
      return { ...ended, error: fail('TASK_INTERRUPTED', { how: 'SIGSEGV', step: 'collecting', remedy: '-' }) }
    if (behaviour.does === 'fail') return { ...ended, error: fail('TASK_TIMED_OUT', { seconds: '1800', step: 'collecting' }) }
    const result = 'result' in behaviour ? behaviour.result : await resultOf(request)
    return { ...ended, result: result as TaskResults[Name] }
  }
}

async function resultOf(request: TaskRequest): Promise<unknown> {
  if (request.task === 'deliver') return receipt(request.bundle.size)
  return request.task === 'run' ? collected(request) : { removed: [] }
}

/** As an uploader's try ends whose state was not kept. */
const notKept = (error: unknown): DeliverResult => ({
  error: { ...asProblem(error), code: 'UPLOAD_FAILED', class: 'retryable' },
})

export const receipt = (size: number, location = 'file:///far/away'): DeliverResult => ({
  receipt: { location, size, verified: true },
})

/** What a collecting task leaves: an archive in its work folder. */
export async function collected(request: RunRequest) {
  const path = join(request.workFolder, request.fileName)
  await mkdir(request.workFolder, { recursive: true })
  await writeFile(path, `bundle of ${request.run.id}`)
  return {
    archive: { path, fileName: request.fileName, bytes: 20, sha256: '0'.repeat(64), files: 3, isPartial: false },
    collectors: { ran: 2, failed: 0, skipped: 0 },
    analysis: { pass: 1, warn: 0, fail: 0 },
    warnings: 0,
    refused: 0,
    redactions: 4,
    cpuMs: 7,
  }
}
