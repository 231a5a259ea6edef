const FIRST_MS = 10_000
const LONGEST_MS = 3_600_000
/** What only a person can mend is not worth a try each few seconds. */
const PATIENT_MS = 300_000

/**
 * Pause before the next try: doubled each time, with full jitter so that a fleet does not come back at once, and never
 * shorter than the far end asked for. `random` is in [0, 1).
 */
export function backOffMs(tries: number, errorClass: string, retryAfterMs: number | undefined, random: number): number {
  const base = errorClass === 'permission' || errorClass === 'config' ? PATIENT_MS : FIRST_MS
  const ceiling = Math.min(LONGEST_MS, base * 2 ** Math.min(20, Math.max(0, tries - 1)))
  return Math.max(retryAfterMs ?? 0, Math.round(ceiling / 2 + (random * ceiling) / 2))
}
