import { pluginError } from '../../../core/contract/index.ts'
import { asProblem, fail, type Problem } from '../../../core/errors.ts'
import type { HostEntry, NodeWord } from '../../../core/node-words.ts'
import { Fatal } from '../../bundle/fatal.ts'
import type { CollectorReport } from '../../bundle/report.ts'
import { createNotes, type Notes, plainWarning } from '../foreign.ts'
import { createTaker, type TakeEdge, type Taker } from '../take.ts'
import { nodePaths } from './node-paths.ts'
import type { WordQueue } from './word-queue.ts'

type Word<Kind extends NodeWord['kind']> = Extract<NodeWord, { kind: Kind }>

/** An entry at work on the node. */
interface Open {
  report: CollectorReport
  notes: Notes
  taker: Taker
}

/** What reports of a whole node are about. */
const ALL: HostEntry = { key: 'hostCollectors', source: '', config: {} }

/** Takes what one node says into the bundle: a report for each entry, and one for the node if it failed. Throws only Fatal. */
export async function takeNode(
  node: string,
  entries: readonly HostEntry[],
  words: WordQueue,
  edge: TakeEdge,
): Promise<CollectorReport[]> {
  const open = new Map<number, Open>()
  const reports: CollectorReport[] = []
  const done = new Set<number>()
  const of = (entry: number): Open => {
    const found = open.get(entry) ?? opened(node, entries[entry] ?? ALL, edge)
    open.set(entry, found)
    return found
  }
  const close = (entry: number, end: Partial<Word<'report'>>) => {
    reports.push(closed(of(entry), end))
    open.delete(entry)
    done.add(entry)
  }
  let failure: Problem | undefined
  try {
    for (let word = await words.next(); ; word = await words.next()) {
      if (word.kind === 'over') {
        failure = word.problem
        break
      }
      // Who owns the node may say what it likes: what makes no sense is passed over.
      if (!('entry' in word) || word.entry >= entries.length || done.has(word.entry)) continue
      if (word.kind === 'output') await takeOutput(node, word, words, of(word.entry).taker)
      else if (word.kind === 'warning') of(word.entry).notes.add(named(node, word), word.isLoss)
      else close(word.entry, word.problem ? { ...word, problem: named(node, word.problem) } : word)
    }
  } catch (error) {
    if (error instanceof Fatal || !edge.stop.aborted) throw error
    failure = asProblem(fail('COLLECTOR_TIMED_OUT', ALL))
  }
  const problem = failure && named(node, failure)
  for (const entry of open.keys()) close(entry, { state: 'failed', ...(problem ? { problem } : {}) })
  if (problem) reports.push({ ...reportOf(ALL, node), state: 'failed', isComplete: false, error: problem })
  return reports
}

/** One file: head, pieces, end. What of it nobody reads is passed over by who reads on. */
async function takeOutput(node: string, head: Word<'output'>, words: WordQueue, taker: Taker): Promise<void> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    let word = await words.next()
    for (; word.kind === 'piece'; word = await words.next()) yield Buffer.from(word.base64, 'base64')
    if (word.kind !== 'end') {
      words.unread(word)
      throw new Error('the node was lost')
    }
    if (word.problem) {
      const { code, message } = plainWarning({ type: 'warning', ...word.problem })
      throw pluginError(code, oneLine(message), { class: 'resource' })
    }
  }
  const own = nodePaths(node, head.path)
  const links = [...own.links, ...(head.links ?? []).map((link) => nodePaths(node, link).path)]
  await taker.take({ type: 'file', format: head.format, path: own.path, links, body: pieces })
}

function opened(node: string, entry: HostEntry, edge: TakeEdge): Open {
  const report = reportOf(entry, node)
  const notes = createNotes()
  return { report, notes, taker: createTaker(report, notes, edge) }
}

function closed({ report, notes }: Open, end: Partial<Word<'report'>>): CollectorReport {
  const { state = 'failed', startedAt, durationMs = 0, problem } = end
  return {
    ...report,
    state,
    ...(startedAt ? { startedAt } : {}),
    durationMs,
    warnings: notes.list(),
    isComplete: state === 'ran' && !notes.isLossy,
    ...(problem ? { error: problem } : {}),
  }
}

/** Of an entry that has not begun. */
export const reportOf = ({ key, source }: Pick<HostEntry, 'key' | 'source'>, node?: string): CollectorReport => ({
  key,
  source,
  ...(node === undefined ? {} : { node }),
  state: 'ran',
  durationMs: 0,
  files: 0,
  bytes: 0,
  requests: 0,
  refused: 0,
  warnings: [],
  isComplete: true,
})

/** Of a text that a node says, in characters. */
const MAX_TEXT = 2_000

const oneLine = (text: string) => text.slice(0, MAX_TEXT).replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')

/** Whose trouble it is stands in the message too: that is what people read. It is one line, so that no other node's stands in it. */
function named(node: string, problem: Problem): Problem {
  const { code, message } = plainWarning({ type: 'warning', code: problem.code, message: oneLine(problem.message) })
  const { remedy } = problem
  return { code, message: `node ${node}: ${message}`, ...(remedy ? { remedy: oneLine(remedy) } : {}) }
}
