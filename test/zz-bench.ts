import fc from 'fast-check'
import { hostileShape } from '/work/main/test/cluster/hostile-objects.ts'
import { viewJob } from '/work/main/agent/scheduler/job-view.ts'
import { setFlagsFromString } from 'node:v8'
for (const flag of ['--no-opt', '--no-maglev']) setFlagsFromString(flag)
const rows: [number, string, string][] = []
fc.sample(hostileShape, { numRuns: 1000, seed: 4 }).forEach((shape: any, i: number) => {
  const { body, becomes } = shape(`h-${i}`)
  const text = String((body.data ?? {})['job.yaml'] ?? '').slice(0, 65537)
  if (body.metadata.labels['support-bundle-schedule.io/kind'] !== 'job' || becomes === 'nothing') return
  const t = performance.now()
  const view = viewJob({ kind: 'job', namespace: 'x', name: `h-${i}`, uid: 'u', version: '1', createdAt: new Date(), text, labels: {}, annotations: {}, isSealed: false } as any)
  const ms = performance.now() - t
  if ((view.invalid !== undefined) !== (becomes === 'invalid')) console.log('WRONG', becomes, JSON.stringify(text.slice(0, 200)), view.invalid?.message)
  rows.push([ms, text.slice(0, 40).replace(/\n/g, '|') + ' #' + text.length, (view.invalid?.message ?? 'valid').slice(0, 80)])
})
rows.sort((a, b) => b[0] - a[0])
console.log('total', rows.reduce((s, r) => s + r[0], 0))
for (const r of rows.slice(0, 14)) console.log(Math.round(r[0]), r[1], r[2])
