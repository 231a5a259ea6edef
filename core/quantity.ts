/** Durations and sizes as users write them: `90s`, `30m`, `6h`, `90d`; `512Mi`, `2Gi`, `500M`. Pure text, no state. */

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const UNIT_BYTES: Record<string, number> = {
  '': 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** One or more numbers with units, like Go's durations plus `d` and `w`. */
export const DURATION = /^([0-9]{1,9}(ms|s|m|h|d|w))+$/
/** A whole number, bare or with a decimal or binary unit. */
export const SIZE = /^[0-9]{1,15}(k|K|M|G|T|Ki|Mi|Gi|Ti)?$/

/** Milliseconds of a text that matches DURATION. */
export function durationMs(text: string): number {
  let total = 0
  for (const [, amount, unit] of text.matchAll(/([0-9]+)(ms|s|m|h|d|w)/g)) total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0)
  return total
}

/** Bytes of a text that matches SIZE. */
export function sizeBytes(text: string): number {
  const [, amount, unit] = /^([0-9]+)([a-zA-Z]*)$/.exec(text) ?? []
  return Number(amount) * (UNIT_BYTES[unit ?? ''] ?? 1)
}

/** Bytes for people: `512 B`, `1.4 KiB`, `20.7 MiB`. */
export function showSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${power === 0 ? bytes : (bytes / 2 ** (10 * power)).toFixed(1)} ${units[power]}`
}

/** A span of time for people, as kubectl shows ages: `45s`, `12m`, `3h5m`, `9d`. */
export function showDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 120) return seconds < 10 && ms < 10_000 ? `${(Math.max(0, ms) / 1000).toFixed(1)}s` : `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return seconds % 60 ? `${minutes}m${seconds % 60}s` : `${minutes}m`
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return minutes % 60 ? `${hours}h${minutes % 60}m` : `${hours}h`
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`
}
