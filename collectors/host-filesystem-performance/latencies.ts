/** fio's names of percentiles. */
const PERCENTILES = [1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.5, 99.9, 99.95, 99.99]

/** Numbers as fio writes them, in ns. */
export interface Latencies {
  min: number
  max: number
  mean: number
  stddev: number
  N: number
  /** by `50.000000`: so many percent took no longer */
  percentile: Record<string, number>
}

/** Of at least one time, in ns. */
export function latenciesOf(times: readonly number[]): Latencies {
  const sorted = times.toSorted((a, b) => a - b)
  const count = sorted.length
  const mean = sorted.reduce((sum, time) => sum + time, 0) / count
  const variance = sorted.reduce((sum, time) => sum + (time - mean) ** 2, 0) / count
  const at = (percent: number) => sorted[Math.max(0, Math.ceil((percent * count) / 100) - 1)] ?? 0
  return {
    min: sorted[0] ?? 0,
    max: sorted[count - 1] ?? 0,
    mean,
    stddev: Math.sqrt(variance),
    N: count,
    percentile: Object.fromEntries(PERCENTILES.map((percent) => [percent.toFixed(6), at(percent)])),
  }
}
