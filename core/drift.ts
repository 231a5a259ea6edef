/** What has changed in the cluster since the last good run of a job, in numbers. Numbers that are 0 are left out. */
export interface Drift {
  /** `no-baseline`: there is nothing to compare with; `incomparable`: there is, and it could not be compared */
  state: 'no-baseline' | 'same' | 'changed' | 'incomparable'
  /** the run that it was compared with */
  baseline?: string | undefined
  appeared?: number | undefined
  gone?: number | undefined
  changed?: number | undefined
  /** analyzers whose verdict is another */
  flips?: number | undefined
  /** why there is no comparison, or what was left out of it */
  reason?: string | undefined
}

/** In a bundle's own folder, and beside the archive for the agent to keep: what a later run is compared with. */
export const FACTS_FILE = 'drift.json.gz'

export const DRIFT_STATES = ['no-baseline', 'same', 'changed', 'incomparable'] as const satisfies Drift['state'][]

const WORDS: ReadonlyMap<string | undefined, string> = new Map([
  ['no-baseline', 'no baseline'],
  ['same', 'none'],
  ['incomparable', 'not comparable'],
])

/** As tables show it: `+2 -1 ~3 !1` for appeared, gone, changed and flipped; `-` when nobody knows. */
export function showDrift(drift: Drift | undefined): string {
  if (drift?.state !== 'changed') return WORDS.get(drift?.state) ?? '-'
  const { appeared, gone, changed, flips } = drift
  const parts = Object.entries({ '+': appeared, '-': gone, '~': changed, '!': flips })
  return parts.flatMap(([sign, count]) => (count ? [`${sign}${count}`] : [])).join(' ')
}

/** For one run: `2 appeared, 1 verdict flipped since nightly.29551800`. */
export function explainDrift(drift: Drift): string {
  const { appeared, gone, changed, flips, baseline, reason } = drift
  const flipped = flips === 1 ? 'verdict flipped' : 'verdicts flipped'
  const counts = Object.entries({ appeared, gone, changed, [flipped]: flips })
  const words = counts.flatMap(([word, count]) => (count ? [`${count} ${word}`] : [])).join(', ')
  return [`${words || showDrift(drift)}${baseline ? ` since ${baseline}` : ''}`, ...(reason ? [reason] : [])].join(': ')
}
