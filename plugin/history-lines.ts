import type { Drift } from '../core/drift.ts'
import { reasonOf } from '../core/errors.ts'
import { decodeLedger, type LedgerEntry } from '../core/ledger.ts'
import { decodeRun } from '../core/run.ts'
import type { Stored, Store } from '../core/store/store.ts'
import { readOf } from './jobs.ts'
import { type RunView, viewRun } from './run-view.ts'

/** One slot, or a range of slots that ended alike, or one run. Instants are ISO; `from` and `to` are slots. */
export interface HistoryLine {
  from: string
  to: string
  count: number
  isCountCapped: boolean
  outcome: string
  trigger: string
  run: string | undefined
  start: string | undefined
  end: string | undefined
  durationMs: number | undefined
  bytes: number | undefined
  where: string | undefined
  reason: string | undefined
  drift: Drift | undefined
}

export interface History {
  lines: HistoryLine[]
  timeZone: string
  /** records that cannot be read, one line each: what they say is not in `lines` */
  problems: string[]
}

/** Everything that is recorded of a job's slots, newest first: runs that are objects, and the ledger's lines. */
export async function readHistory(store: Store, job: Stored): Promise<History> {
  const [runs, pages] = await Promise.all([readOf(store, 'run', job.name), readOf(store, 'ledger', job.name)])
  const lines = new Map<string, HistoryLine>()
  const problems: string[] = []
  let timeZone = 'UTC'
  for (const stored of pages.toSorted((a, b) => a.name.localeCompare(b.name))) {
    const page = orProblem(() => decodeLedger(stored.text), stored.name, problems)
    if (!page) continue
    timeZone = page.state.timeZone
    page.entries.forEach((entry, index) => {
      const line = lineOfEntry(entry)
      if (line) lines.set(line.run ?? `${stored.name}/${index}`, line)
    })
  }
  // A run that is still an object tells more than its line, which may be there already.
  for (const stored of runs) {
    const run = orProblem(() => decodeRun(stored.text), stored.name, problems)
    if (run) lines.set(stored.name, lineOfRun(viewRun(stored.name, run)))
  }
  return { lines: [...lines.values()].toSorted((a, b) => b.to.localeCompare(a.to)), timeZone, problems }
}

function orProblem<Value>(read: () => Value, name: string, problems: string[]): Value | undefined {
  try {
    return read()
  } catch (error) {
    problems.push(`record "${name}" is left out: ${reasonOf(error)}`)
    return undefined
  }
}

function lineOfRun(view: RunView): HistoryLine {
  return {
    from: view.slot,
    to: view.slot,
    count: 1,
    isCountCapped: false,
    outcome: view.outcome ?? view.status,
    trigger: view.trigger,
    run: view.id,
    start: view.start,
    end: view.end,
    durationMs: view.durationMs,
    bytes: view.bundleBytes,
    where: view.uploadUrl ?? view.bundlePath,
    reason: view.error?.message,
    drift: view.drift,
  }
}

function lineOfEntry(entry: LedgerEntry): HistoryLine | undefined {
  if (entry.type === 'slots')
    return {
      from: entry.from,
      to: entry.to,
      count: entry.count,
      isCountCapped: entry.isCountCapped === true,
      outcome: entry.outcome,
      trigger: 'schedule',
      run: undefined,
      start: undefined,
      end: undefined,
      durationMs: undefined,
      bytes: undefined,
      where: undefined,
      reason: REASONS[entry.outcome],
      drift: undefined,
    }
  if (entry.type !== 'run') return undefined
  const { startedAt, endedAt } = entry
  return {
    from: entry.slot,
    to: entry.slot,
    count: 1,
    isCountCapped: false,
    outcome: entry.outcome,
    trigger: entry.trigger,
    run: entry.run,
    start: startedAt,
    end: endedAt,
    durationMs: startedAt && endedAt ? Date.parse(endedAt) - Date.parse(startedAt) : undefined,
    bytes: entry.bytes,
    where: entry.location,
    reason: entry.error,
    drift: entry.drift,
  }
}

/** Why a slot had no run, for people. */
const REASONS: Readonly<Record<string, string>> = {
  'skipped-overlap': 'the run before it was still at work',
  'skipped-late': 'found later than its starting deadline',
  'skipped-capacity': 'waited for other runs past its starting deadline',
  'missed-down': 'no agent was at work',
  'not-observed': 'the job was edited, paused or invalid at that time',
  disabled: 'the job was disabled',
  'claim-refused': 'the store refused the record of the run',
}
