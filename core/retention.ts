/** What retention decides about: one kept bundle. */
export interface KeptBundle {
  fileName: string
  at: Date
  /** made by a completed run */
  isGood: boolean
}
export interface RetentionRules {
  keepLast: number
  maxAgeMs: number
  keepLastGood: boolean
}

/** The bundles to remove: beyond the newest `keepLast`, or older than `maxAgeMs`; the last good one stays if so ruled. */
export function expired(bundles: readonly KeptBundle[], rules: RetentionRules, now: Date): KeptBundle[] {
  const newestFirst = bundles.toSorted((a, b) => b.at.getTime() - a.at.getTime())
  const lastGood = rules.keepLastGood ? newestFirst.find((bundle) => bundle.isGood) : undefined
  return newestFirst.filter(
    (bundle, index) => bundle !== lastGood && (index >= rules.keepLast || now.getTime() - bundle.at.getTime() > rules.maxAgeMs),
  )
}
