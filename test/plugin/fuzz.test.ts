import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CATALOGUE, EXIT } from '../../core/catalogue/index.ts'
import { fail } from '../../core/errors.ts'
import { VERBS } from '../../plugin/verbs.ts'
import type { CliEdge } from '../../plugin/cli-edge.ts'
import { makeCli, STACK } from '../support/cli.ts'
import { putJob, putRun } from './records.ts'

/** Words that command lines are made of: right ones, nearly right ones, and what people paste. */
const VALUES = [
  'a', 'b', 'A', 'a.b', '', '-', '--', '.', '..', './', 'job.yaml', 'map.yaml', 'spec.yaml', 'nope.yaml', '@daily', '0 2 * * *', '* * * * * *', '61 * * * *',
  '5m', '0s', '-5', '1e9', '90d', 'UTC', 'Europe/Berlin', 'Mars', 'json', 'yaml', 'name', 'wide', 'jsonpath={.items}', 'jsonpath={[', 'jsonpath=', 'client', 'none',
  'a=b', 'a=b,c', '=', 'file:///tmp', 'ftp://x', 's3://b/c', 'discard', 'true', 'false', 'completed', 'x'.repeat(300), '\u001b[31m', '\u0000', 'ü€😀', '${HOME}', '%s%n', '{name}', '$(id)',
] // prettier-ignore

async function words(): Promise<fc.Arbitrary<string[]>> {
  const verbs = await Promise.all(
    Object.entries(VERBS).map(async ([name, { load }]) => ({ name, args: Object.entries((await load()).args) })),
  )
  const value = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...VALUES) }, fc.string({ unit: 'binary', maxLength: 8 }))
  const rare = <Item>(arbitrary: fc.Arbitrary<Item>) => ({ weight: 1, arbitrary })
  return fc.constantFrom(...verbs).chain(({ name, args }) => {
    const flags = [...args, ...Object.entries({ local: { type: 'boolean' }, help: { type: 'boolean', alias: 'h' } })].filter(
      ([, def]) => def.type !== 'positional',
    )
    const flag = fc.constantFrom(...flags).chain(([flag, def]) => {
      const short = 'alias' in def && def.alias ? `-${String(def.alias)}` : `--${flag}`
      if (def.type === 'boolean')
        return fc.constantFrom([`--${flag}`], [`--no-${flag}`], [short], [`--${flag}=false`], [`--${flag}=maybe`])
      return value.chain((value) =>
        fc.constantFrom([`--${flag}`, value], [`--${flag}=${value}`], [short, value], [`${short}${value}`], [`--${flag}`]),
      )
    })
    const item = fc.oneof(
      { weight: 4, arbitrary: flag },
      { weight: 3, arbitrary: value.map((value) => [value]) },
      rare(fc.constantFrom(['--bogus'], ['-x'], ['--'], ['-h'])),
    )
    const verb = fc.oneof(
      { weight: 12, arbitrary: fc.constant(name.split(' ')) },
      rare(fc.constantFrom(['get'], ['daemon'], ['help'], ['creat'], [name, name], [])),
      rare(value.map((word) => [word])),
    )
    return fc
      .tuple(verb, fc.constantFrom(['--local'], ['--local'], ['--local'], []), fc.array(item, { maxLength: 4 }))
      .map(([verb, local, items]) => [...verb, ...local, ...items.flat()])
  })
}

/** Nothing is started: what the task program and the agent answer is drawn too. */
function edges(kind: number): Pick<CliEdge, 'task' | 'agent'> {
  const task = async (request: { task: string }) => {
    if (kind === 0)
      return { error: fail('TASK_INTERRUPTED', { how: 'SIGKILL', step: 'x', remedy: 'y' }), warnings: [], peakRssBytes: 0 }
    if (kind === 1) throw new TypeError('broken')
    const issues = kind === 2 ? [{ code: 'X', severity: 'error', message: 'bad', source: 'upload' }] : []
    if (request.task === 'run')
      return { error: fail('DISK_FULL', { what: 'the bundle', folder: '/x' }), warnings: [], peakRssBytes: 0 }
    return {
      result: { issues, collectors: [], documents: [], targets: [] },
      warnings: [{ code: 'W', message: 'careful' }],
      peakRssBytes: 0,
    }
  }
  const agent: CliEdge['agent'] = async () => ({
    pid: 1,
    exitCode: kind,
    said: kind === 1 ? 'Error: x\n    at file:///y.js:1:1\n' : '{"code":"ODD","message":"odd"}',
  })
  return { task: task as CliEdge['task'], agent }
}

it('500 command lines: an exit code that is documented, a code of the catalogue, no stack trace', async () => {
  const codes = Object.values(EXIT)
  const seen = new Set<number>()
  const known = new Set([...Object.keys(CATALOGUE), 'ODD'])
  let made = await prepare(0)
  const kinds = [made, await prepare(1), await prepare(2), await prepare(3)]
  await fc.assert(
    fc.asyncProperty(await words(), fc.nat(3), async (argv, kind) => {
      made = kinds[kind] ?? made
      const { code, out, err } = await made.run(...argv)
      seen.add(code)
      expect(codes).toContain(code)
      expect(out + err).not.toMatch(STACK)
      expect(out + err).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
      expect(err).not.toMatch(/undefined|\[object|NaN|<\w+>/)
      if (code !== 0 && err.startsWith('error: ')) {
        const [first = '', second = ''] = err.split('\n').slice(err.split('\n').findIndex((line) => line.startsWith('error: ')))
        const said = /^error: .* \(([A-Z_]+)\)$/.exec(first)?.[1] ?? `none in ${first}`
        expect(known).toContain(said)
        if (said !== 'ODD') expect(second).toMatch(/^ {2}\S/)
        // Only what a broken task program throws is a bug to report.
        if (said === 'INTERNAL') expect(kind).toBe(1)
      } else if (code !== 0) expect(out + err).not.toBe('')
    }),
    { numRuns: 500 },
  )
  expect([...seen].toSorted((a, b) => a - b)).toEqual(expect.arrayContaining([0, 2, 3]))
})

async function prepare(kind: number) {
  // Ctrl-C was pressed already: what shows things again and again, or waits, does so once.
  const cli = await makeCli({ ...edges(kind), signal: AbortSignal.abort(new Error('interrupted')) })
  const job = await putJob(cli.store, 'a')
  await putRun(cli.store, job, 'm1')
  await cli.file('job.yaml', 'apiVersion: support-bundle-schedule.io/v1\nschedule: "@daily"\n')
  await cli.file('map.yaml', await cli.out('create', 'c', '-c', '@daily', '--dry-run=client', '-o', 'yaml'))
  await cli.file('spec.yaml', 'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec: {}\n')
  return cli
}
