import { type Clock, deadline } from '../../../core/clock.ts'
import type { FileOutput, Host, Logger } from '../../../core/contract/index.ts'
import { asProblem, fail, type Problem, reasonOf } from '../../../core/errors.ts'
import { type HostRequest, type HostResult, type NodeWord, PIECE_BYTES } from '../../../core/node-words.ts'
import type { FromTask } from '../../../core/task.ts'
import { bodyChunks } from '../../bundle/body.ts'
import type { Loader } from '../../loader/loader.ts'
import { asError } from '../../loader/thrown.ts'
import { emptyLists, type Entry } from '../../specs/document.ts'
import { abortable } from '../abortable.ts'
import { start } from '../collect.ts'
import { plainWarning, thrownProblem } from '../foreign.ts'
import { type PlannedCollector, planCollectors } from '../plan.ts'
import { inPool } from '../pool.ts'

export interface HostTaskEdge {
  clock: Clock
  loader: Loader
  log: Logger
  platform: string
  signal: AbortSignal
  host(signal: AbortSignal, root?: string): Host
  say(message: FromTask): void
  /** resolves once what was said is on its way; none = at once */
  drained?: (() => Promise<void>) | undefined
  proxyFor?: ((url: string) => string | undefined) | undefined
}

/** Says some words; those of two outputs are not mixed. */
type Say = (words: Iterable<NodeWord> | AsyncIterable<NodeWord>) => Promise<void>

/** Collectors at work at the same time; their outputs go out one after the other. */
const AT_ONCE = 4
/** Of a file, held in memory before its turn. */
const HELD_BYTES = 256 * 1024
/** Kept back for what must still be said when the time is over. */
const CLOSING_MS = 2_000

/** Runs host collectors on the machine whose root is mounted, and says what they yield, unredacted, to who started it there. */
export async function hostTask(request: HostRequest, edge: HostTaskEdge): Promise<HostResult> {
  const { clock, loader, platform } = edge
  const entries: Entry[] = request.entries.map((entry) => ({ ...entry, isExcluded: false }))
  const spec = { ...emptyLists(), hostCollectors: entries }
  const { planned, unplanned } = await planCollectors(spec, loader, { platform, hasCluster: false })
  const limit = deadline(clock, Math.max(0, request.timeoutMs - CLOSING_MS), fail('COLLECTOR_TIMED_OUT', { key: 'all' }))
  const signal = AbortSignal.any([edge.signal, limit.signal])
  const say = inTurn(edge)
  const report = (entry: Entry, problem?: Problem, startedAt = clock.now(), durationMs = 0): NodeWord => ({
    kind: 'report',
    entry: entries.indexOf(entry),
    state: problem ? 'failed' : 'ran',
    startedAt: startedAt.toISOString(),
    durationMs: Math.round(durationMs),
    ...(problem ? { problem } : {}),
  })
  try {
    // The run that asks has made the same plan: what cannot run is not asked for, unless another version is at work here.
    for (const { entry, key, problem } of unplanned)
      await say([report(entry, problem ?? asProblem(fail('COLLECTOR_UNKNOWN', { key, hint: '' })))])
    const ended = await inPool(planned, AT_ONCE, async (item) => {
      const startedAt = clock.now()
      const startedMs = clock.monotonicMs()
      const problem = await collectHere(item, entries.indexOf(item.entry), say, request, { ...edge, signal })
      await say([report(item.entry, problem, startedAt, clock.monotonicMs() - startedMs)])
      return problem
    })
    return { ran: ended.filter((problem) => problem === undefined).length }
  } finally {
    limit.stop()
  }
}

/** One collector to its end. Gives what it failed with; what it gave before is said all the same. */
async function collectHere(
  item: PlannedCollector,
  entry: number,
  say: Say,
  { run, root }: HostRequest,
  edge: HostTaskEdge,
): Promise<Problem | undefined> {
  const { signal } = edge
  const host = (ends: AbortSignal) => edge.host(ends, root)
  try {
    for await (const output of abortable(start(item, { ...edge, run, host }), signal)) {
      if (output.type === 'warning')
        await say([{ kind: 'warning', entry, ...plainWarning(output), ...(output.isLoss ? { isLoss: true } : {}) }])
      else {
        const { body } = output
        const pieces = await begun(abortable(bodyChunks(body), signal))
        await say(fileWords(entry, output, pieces, signal))
      }
    }
    return undefined
  } catch (error) {
    if (signal.aborted) return asProblem(fail('COLLECTOR_TIMED_OUT', { key: item.key }))
    return thrownProblem(error, (reason) => fail('COLLECTOR_FAILED', { key: item.key, reason }))
  }
}

/** A file, and what stands in for it when it cannot be read. */
async function* fileWords(
  entry: number,
  output: FileOutput,
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<NodeWord> {
  const { path, links, format } = output
  yield { kind: 'output', entry, path, format, ...(links ? { links } : {}) }
  try {
    for await (const chunk of pieces)
      for (let at = 0; at < chunk.length; at += PIECE_BYTES)
        yield { kind: 'piece', base64: Buffer.from(chunk.subarray(at, at + PIECE_BYTES)).toString('base64') }
    yield { kind: 'end' }
  } catch (error) {
    const { code } = thrownProblem(error, (reason) => fail('COLLECTOR_FAILED', { key: path, reason }))
    // Who reads it adds which file it is.
    const message = reasonOf(asError(error))
    yield { kind: 'end', problem: { code, message } }
    if (signal.aborted || !output.instead) return
    const other = withoutInstead(output.instead(message))
    yield* fileWords(entry, other, abortable(bodyChunks(other.body), signal), signal)
  }
}

/**
 * Reads the begin of a file before its turn to be said: one whose reading hangs there, as on a file system that is gone, keeps no other
 * waiting.
 */
async function begun(source: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const iterator = source[Symbol.asyncIterator]()
  const held: Uint8Array[] = []
  let failure: { error: unknown } | undefined
  let isOver = false
  try {
    for (let bytes = 0; bytes < HELD_BYTES;) {
      const step = await iterator.next()
      isOver = step.done === true
      if (step.done) break
      bytes += step.value.length
      // whoever reads may use its buffer again
      held.push(Buffer.from(step.value))
    }
  } catch (error) {
    failure = { error }
  }
  return (async function* () {
    yield* held
    if (failure) throw failure.error
    if (!isOver) yield* { [Symbol.asyncIterator]: () => iterator }
  })()
}

const withoutInstead = ({ type, path, format, body }: FileOutput): FileOutput => ({ type, path, format, body })

/** As fast as they are taken. */
function inTurn({ say, drained }: HostTaskEdge): Say {
  let turn: Promise<void> = Promise.resolve()
  const all = async (words: Parameters<Say>[0], before: Promise<void>) => {
    await before
    for await (const word of words) {
      say({ type: 'node', word })
      await drained?.()
    }
  }
  return (words) => {
    const mine = all(words, turn)
    turn = mine.catch(() => undefined)
    return mine
  }
}
