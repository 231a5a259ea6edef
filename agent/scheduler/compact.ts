import { isRecorded, type LedgerEntry, type LedgerPage, record } from '../../core/ledger.ts'
import { isSettled } from '../../core/run.ts'
import type { SchedulerEdge } from './edge.ts'
import type { JobView } from './job-view.ts'
import { keep } from './ledger-book.ts'
import { lineOf } from './run-line.ts'
import { type KeptRun, runRef, runsOf } from './runs.ts'

/** Settled runs that stay objects, besides the last good one. */
const KEPT = 3
/** Most runs that are turned into lines by one write. */
const AT_ONCE = 50

/** The settled runs of a job that become ledger lines: all but the last few and the last good one. Pure. */
export function toCompact(runs: readonly KeptRun[]): KeptRun[] {
  const endOf = ({ run }: KeptRun) => run.endedAt ?? ''
  const settled = runs
    .filter(({ run }) => isSettled(run))
    .toSorted((a, b) => (endOf(a) < endOf(b) ? -1 : endOf(a) > endOf(b) ? 1 : 0))
  const lastGood = settled.findLast(({ run }) => run.outcome === 'completed')
  return settled.slice(0, -KEPT).filter((kept) => kept !== lastGood)
}

/** Turns old runs into ledger lines, and goes on with what a crash left of doing so. */
export async function compact(edge: SchedulerEdge, view: JobView, page: LedgerPage): Promise<LedgerPage> {
  const runs = runsOf(edge, view.name, view.uid)
  const recorded = runs.filter(({ name }) => isRecorded(page, name))
  const old = toCompact(runs.filter((kept) => !recorded.includes(kept)))
  const retired = [...recorded, ...old].slice(0, AT_ONCE)
  return retired.length === 0 ? page : retire(edge, view, retired, lineOf)
}

/**
 * Replaces objects of runs by lines of the ledger: each object goes only after its line is kept. The page names those that
 * are to go, so that no line is written twice, whatever happens in between.
 */
export async function retire(
  edge: SchedulerEdge,
  view: JobView,
  runs: readonly KeptRun[],
  toEntry: (kept: KeptRun) => LedgerEntry,
): Promise<LedgerPage> {
  const page = await keep(edge, view, (before) => {
    const open = runs.filter(({ name }) => !isRecorded(before, name))
    if (open.length === 0) return before
    const still = (before.state.removing ?? []).filter((name) => edge.mirror.of('run').has(name))
    const slots = open.flatMap(({ run }) => (run.trigger === 'schedule' ? [run.slot] : [])).toSorted()
    const last = slots.at(-1)
    const removing = [...still, ...open.map(({ name }) => name)]
    return record(
      { ...before, state: { ...before.state, removing } },
      open.map(toEntry),
      last === undefined ? undefined : new Date(last),
    )
  })
  for (const { name, stored } of runs) {
    await edge.store.remove(runRef(edge, name), stored.version)
    edge.mirror.drop(stored)
  }
  return page
}
