import type { Drift } from '../../core/drift.ts'
import { shorten } from '../../core/run.ts'
import type { Changed, Comparison, Difference, Named } from './compare.ts'
import type { Facts } from './facts.ts'

/** A drift with its first lines: `~ Deployment shop/web: replicas 2 → 3`. */
export type DriftSummary = Drift & { lines: string[] }

/** In drift-report.json, of each kind of change. */
const MOST_LISTED = 500
/** Told by the task, and written to the log of the run. */
const MOST_LINES = 20
/** In bytes: in the record of a run there are other things besides. */
const LONGEST_REASON = 120
const LONGEST_LINE = 300
const LONGEST_VALUE = 1000

const SPEC_UNKNOWN = 'specs are not compared: another version or key masks what is secret, or other redactors do'

/** What a comparison comes to. */
export function summaryOf(baseline: { run: string }, comparison: Comparison): DriftSummary {
  const { appeared, gone, changed, flips, compared, isSpecUnknown } = comparison
  const run = shorten(baseline.run, LONGEST_REASON)
  if (compared === 0)
    return { state: 'incomparable', baseline: run, reason: 'the two runs looked at nothing that is in both', lines: [] }
  const counts = { appeared: appeared.length, gone: gone.length, changed: changed.length, flips: flips.length }
  const some = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
  return {
    state: Object.keys(some).length > 0 ? 'changed' : 'same',
    baseline: run,
    ...some,
    ...(isSpecUnknown ? { reason: SPEC_UNKNOWN } : {}),
    lines: [...linesOf(comparison)].slice(0, MOST_LINES).map((line) => shorten(line, LONGEST_LINE)),
  }
}

export const noBaseline = (reason: string): DriftSummary => ({
  state: 'no-baseline',
  reason: shorten(reason, LONGEST_REASON),
  lines: [],
})

export const incomparable = (run: string, reason: string): DriftSummary => ({
  state: 'incomparable',
  baseline: shorten(run, LONGEST_REASON),
  reason: shorten(reason, LONGEST_REASON),
  lines: [],
})

/** All changes in words, what matters most first. */
export function* linesOf({ flips, gone, appeared, changed }: Comparison): Generator<string> {
  for (const { analyzer, from, to } of flips) yield `! ${analyzer}: ${from} → ${to}`
  for (const one of gone) yield `- ${show(one)}`
  for (const one of appeared) yield `+ ${show(one)}`
  for (const one of changed) yield `~ ${show(one)}: ${one.differences.map(showDifference).join(', ')}`
}

const show = ({ kind, namespace, name }: Named) => `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`
const showValue = (value: string | number | undefined) => (value === '' ? 'none' : value)
const showDifference = ({ fact, from, to }: Difference) =>
  from === undefined ? fact : `${fact} ${showValue(from)} → ${showValue(to)}`

/** `drift-report.json`: the whole comparison, up to a length. */
export function encodeDriftReport(baseline: Facts, comparison: Comparison, { lines: _, ...summary }: DriftSummary): string {
  const { appeared, gone, changed, flips, unknown, isSpecUnknown } = comparison
  const report = {
    schema: 1,
    ...summary,
    baseline: { run: baseline.run, at: baseline.at.toISOString() },
    counts: { appeared: appeared.length, gone: gone.length, changed: changed.length, flips: flips.length },
    isSpecCompared: !isSpecUnknown,
    appeared: appeared.slice(0, MOST_LISTED),
    gone: gone.slice(0, MOST_LISTED),
    changed: changed.slice(0, MOST_LISTED).map(cut),
    flips: flips.slice(0, MOST_LISTED),
    unknown: { count: unknown.length, lists: unknown.slice(0, MOST_LISTED) },
  }
  return `${JSON.stringify(report, undefined, 2)}\n`
}

function cut(changed: Changed): Changed {
  const value = (one: string | number | undefined) => (typeof one === 'string' ? shorten(one, LONGEST_VALUE) : one)
  const differences = changed.differences.map(({ fact, from, to }): Difference => {
    const [a, b] = [value(from), value(to)]
    return { fact, ...(a === undefined ? {} : { from: a }), ...(b === undefined ? {} : { to: b }) }
  })
  return { ...changed, differences }
}
