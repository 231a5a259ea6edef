/** Nanoseconds of each unit of Go's durations. */
const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }

/** Nanoseconds of a duration like `1.5ms` or `1h2m`. Throws for anything else. */
export function parseDuration(text: string): number {
  const [, sign, parts = ''] =
    /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*|0)$/.exec(text) ?? []
  if (parts === '') throw new Error(`"${text}" is not a duration like 10ms`)
  let sum = 0
  for (const [, number, unit = ''] of parts.matchAll(/([\d.]+)([a-zµμ]+)/g)) sum += Number(number) * (UNITS[unit] ?? 0)
  return Math.trunc(sign === '-' ? -sum : sum)
}

/** As Go prints nanoseconds: `2.1ms`, `1m0.5s`. */
export function showDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s'
  if (nanoseconds < 0) return `-${showDuration(-nanoseconds)}`
  for (const [unit, size, next] of [
    ['ns', 1, 1e3],
    ['µs', 1e3, 1e6],
    ['ms', 1e6, 1e9],
  ] as const)
    if (nanoseconds < next) return `${nanoseconds / size}${unit}`
  const seconds = nanoseconds / 1e9
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const rest = `${Number((seconds % 60).toFixed(9))}s`
  if (hours > 0) return `${hours}h${minutes}m${rest}`
  return minutes > 0 ? `${minutes}m${rest}` : rest
}
