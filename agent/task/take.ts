import type { FileOutput, Output } from '../../core/contract/index.ts'
import { fail, type Problem, reasonOf } from '../../core/errors.ts'
import { Fatal } from '../bundle/fatal.ts'
import type { CollectorReport } from '../bundle/report.ts'
import type { Sink } from '../bundle/sink.ts'
import { asError } from '../loader/thrown.ts'
import { abortable } from './abortable.ts'
import { type Notes, plainWarning, thrownProblem } from './foreign.ts'
import type { LogBook } from './kube/log-book.ts'

export interface TakeEdge {
  sink: Sink
  /** of the run's cluster, if it has one */
  logs?: LogBook | undefined
  /** from here on nothing is waited for any more */
  stop: AbortSignal
  onOutput(path: string, bytes: number): void
}

/** Takes what one collector yields: files into the bundle, warnings into the report. */
export interface Taker {
  /** Throws only Fatal, or the signal's reason. */
  take(output: Output): Promise<void>
  /** Waits for what is still being read. Throws as `take` does. */
  end(): Promise<void>
}

/** Logs read at the same time: each of them waits for a node. */
const LOGS_AT_ONCE = 8
/** There was nothing to be had, or it was not granted: known beforehand, and no fault of this run. */
const QUIET: readonly unknown[] = ['permission', 'config']

export function createTaker(report: CollectorReport, notes: Notes, edge: TakeEdge): Taker {
  const running = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined

  const store = async (output: FileOutput): Promise<void> => {
    const stoppable = (one: FileOutput): FileOutput => {
      const { body } = one
      return typeof body === 'function' ? { ...one, body: () => abortable(body(), edge.stop) } : one
    }
    const take = (one: FileOutput) => edge.sink.take(stoppable(one), edge.stop)
    const bytes = edge.logs?.has(output.body) ? await edge.logs.store(output, { ...edge.sink, take }) : await take(output)
    report.files++
    report.bytes += bytes
    edge.onOutput(output.path, bytes)
  }
  /** Entries of one kind share the file that says what could not be had: the first is there, and warnings say the rest. */
  const isSecondErrorFile = ({ path }: FileOutput) => /(^|[/-])errors\.json$/.test(path) && !edge.sink.isFree(path)
  const storeOrTell = async (output: FileOutput): Promise<void> => {
    const isSecond = isSecondErrorFile(output)
    try {
      await store(output)
    } catch (error) {
      if (error instanceof Fatal || edge.stop.aborted) throw error
      const isExpected = output.instead !== undefined || edge.logs?.has(output.body) === true
      if (!isExpected || !QUIET.includes(classOf(error))) notes.add(unreadable(output.path, error), !isSecond)
      if (output.instead) await storeOrTell(plainFile(output.instead(reasonOf(asError(error)))))
    }
  }
  return {
    async take(output) {
      if (failure) throw failure.error
      if (output.type === 'warning') return notes.add(plainWarning(output), output.isLoss === true)
      if (!edge.logs?.has(output.body)) return storeOrTell(output)
      while (running.size >= LOGS_AT_ONCE) await Promise.race(running)
      const one: Promise<void> = storeOrTell(output)
        .catch((error: unknown) => void (failure ??= { error }))
        .finally(() => running.delete(one))
      running.add(one)
    },
    async end() {
      await Promise.all(running)
      if (failure) throw failure.error
    },
  }
}

/** What stands in for a file has no stand-in itself. */
const plainFile = ({ path, format, body }: FileOutput): FileOutput => ({ type: 'file', path, format, body })

const classOf = (error: unknown): unknown => (error as { class?: unknown } | null)?.class

function unreadable(path: string, error: unknown): Problem {
  return thrownProblem(error, (reason) =>
    fail('OUTPUT_REFUSED', { path, reason: `it could not be read: ${reason}`, remedy: "see the run's log" }),
  )
}
