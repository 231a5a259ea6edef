import * as z from 'zod'
import { compare, words } from '../comparison.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import { parseDuration, showDuration } from '../duration.ts'
import { notCollected, ofFile } from '../gather.ts'
import { branchOf, judge, Text } from '../outcomes.ts'
import { count, listOf, readJson, text } from '../shapes.ts'
import { fillTemplate } from '../text/template.ts'

const NOT_COLLECTED = 'fileNotCollected'
const JOB = 'fsperf'

const Collected = z.object({
  jobs: listOf(
    z.object({
      jobname: text,
      sync: z.object({
        lat_ns: z.object({ min: count, max: count, mean: count, percentile: z.record(z.string(), count).nullish() }),
      }),
    }),
  ),
})

/** fio's names of percentiles, by ours. */
const PERCENTILES: Readonly<Record<string, string>> = Object.fromEntries(
  ['1', '5', '10', '20', '30', '40', '50', '60', '70', '80', '90', '95', '99', '99.5', '99.9', '99.95', '99.99'].map((part) => [
    `P${part.replace('.', '')}`,
    Number(part).toFixed(6),
  ]),
)

/**
 * `when`: `<min|max|average|p1 … p9999> <op> <duration>` on how long a write to the disk took, or `fileNotCollected` in the
 * first outcome. Messages are templates of Min, Max, Average and P1 … P9999.
 */
export const filesystemPerformance = defineAnalyzer({
  schema: z.strictObject({ ...COMMON, collectorName: Text }),
  title: () => 'Filesystem Performance',
  start({ collectorName, outcomes }, report) {
    const path = `host-collectors/filesystemPerformance/${collectorName || 'filesystemPerformance'}.json`
    return ofFile(
      {
        path,
        read: (_, bytes) => latencies(readJson(path, bytes, Collected)),
        judge(times) {
          const judgement = judge(outcomes, (when) => when !== NOT_COLLECTED && holds(when, times))
          const data = Object.fromEntries([...times].map(([name, time]) => [name, showDuration(time)]))
          return [report(judgement && { ...judgement, message: fillTemplate(judgement.message, data) })]
        },
        ifMissing() {
          const branch = outcomes[0] && branchOf(outcomes[0])
          if (branch?.when !== NOT_COLLECTED) return [notCollected(report, path)]
          const { when: _, ...judgement } = branch
          return [report(judgement)]
        },
      },
      report,
    )
  },
})

function latencies({ jobs }: z.infer<typeof Collected>): ReadonlyMap<string, number> {
  const job = jobs.find(({ jobname }) => jobname === JOB)
  if (!job) throw new Error(`the results have no job "${JOB}"`)
  const { min, max, mean, percentile } = job.sync.lat_ns
  const times = Object.entries(PERCENTILES).map(([name, key]) => [name, percentile?.[key] ?? 0] as const)
  return new Map([['Min', min], ['Max', max], ['Average', Math.trunc(mean)], ...times])
}

function holds(when: string, times: ReadonlyMap<string, number>): boolean {
  const [subject, operator, wanted] = words(when, 3)
  const name = [...times.keys()].find((one) => one.toLowerCase() === subject.toLowerCase())
  if (name === undefined) throw new Error(`"${subject}" is unknown; use min, max, average or p1 to p9999`)
  return compare(times.get(name) ?? 0, operator, parseDuration(wanted))
}
