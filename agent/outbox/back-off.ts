const FIRST_MS = 10_000
const LONGEST_MS = 3_600_000
/** What only a person can mend is not worth a try each few seconds. */
const PATIENT_MS = 300_000
/** Whatever the far end asks for: it is asked again within a day. */
const LONGEST_ASKED_MS = 86_400_000

/**
 * Pause before the next try: doubled each time, with jitter in its upper half so that a fleet does not come back at once, and
 * never shorter than the far end asked for, up to a day. `random` is in [0, 1).
 */
export function backOffMs(tries: number, errorClass: string, retryAfterMs: number | undefined, random: number): number {
  const base = errorClass === 'permission' || errorClass === 'config' ? PATIENT_MS : FIRST_MS
  const ceiling = Math.min(LONGEST_MS, base * 2 ** Math.min(20, Math.max(0, tries - 1)))
  const asked = retryAfterMs !== undefined && retryAfterMs > 0 ? Math.min(retryAfterMs, LONGEST_ASKED_MS) : 0
  return Math.max(Math.round(asked), Math.round(ceiling / 2 + (random * ceiling) / 2))
}
