import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../core/store/memory-store.ts'
import { parseYaml } from '../../core/yaml.ts'
import { FakeClock } from '../support/clock.ts'
import { type Cli, makeCli } from '../support/cli.ts'
import { putJob, putLedger, putRun, putStatus } from './records.ts'

const ID = /^[0-9a-f]{8}-/

async function withJobs(...names: string[]): Promise<Cli> {
  const cli = await makeCli()
  for (const name of names) await cli.out('create', name, '--local', '--cron', '0 2 * * *')
  return cli
}

describe('which job', () => {
  it('is told by its name, its id, or the eight letters of it that list shows', async () => {
    const cli = await withJobs('a', 'b')
    const id = await cli.out('list', '--local', '-o', 'jsonpath={.items[1].id}')
    expect(id).toMatch(ID)
    const row = (await cli.out('list', '--local')).split('\n')[2]
    for (const word of ['b', id, id.slice(0, 8), id.slice(0, 13), row?.split(/ +/)[1] ?? ''])
      expect(await cli.out('status', word, '--local', '-o', 'name'), word).toBe('job/b\n')
  })

  const VERBS = [['status'], ['history'], ['enable'], ['disable'], ['run'], ['delete', '--yes']]
  it.each(VERBS)('%s says which name is nearest when there is none', async (verb, ...flags) => {
    const cli = await withJobs('nightly', 'weekly')
    const said = await cli.run(verb, 'nightyl', '--local', ...flags)
    expect(said.err).toBe(
      'error: job "nightyl" does not exist; did you mean "nightly"? (JOB_NOT_FOUND)\n  see which jobs there are with "list"\n',
    )
    expect(said).toMatchObject({ code: 3, out: '' })
  })

  it.each(['', '.', '..', '../jobs/a', 'A', 'a.status', 'x'.repeat(300), '\u0000', 'a\nb', '%'])('%j is none', async (word) => {
    const said = await (await withJobs('a')).run('status', '--local', '--', word)
    expect(said.err).toMatch(/^error: job ".*" does not exist.* \(JOB_NOT_FOUND\)\n {2}.*\n$/)
    expect(said.code).toBe(3)
  })

  it('the beginning of two ids is refused, also where it would do harm', async () => {
    let count = 0
    const store = createMemoryStore({ clock: new FakeClock(), newUid: () => `0000aaaa-${++count}` })
    const cli = await makeCli({ fileStore: async () => store })
    for (const name of ['a', 'b']) await putJob(store, name)
    const said = await cli.run('delete', '0000aaaa', '--local', '--yes')
    expect(said.err).toBe(
      'error: the ids of several jobs begin with "0000aaaa": a, b (JOB_AMBIGUOUS)\n  use the name of the job\n',
    )
    expect(said.code).toBe(2)
    expect(await cli.out('list', '--local', '-o', 'name')).toBe('job/a\njob/b\n')
  })

  it.each(VERBS)('%s looks into the cluster without --local', async (verb, ...flags) => {
    const said = await (await withJobs('a')).run(verb, 'a', ...flags)
    expect(said.err).toContain('(KUBECONFIG_MISSING)')
    expect(said.code).toBe(2)
  })
})

describe('list', () => {
  it('says how to begin when there is nothing, and leaves no store behind', async () => {
    const cli = await makeCli()
    const said = await cli.run('list', '--local')
    expect(said).toMatchObject({ code: 0, out: '' })
    expect(said.err).toContain('create NAME --local --cron')
    expect(await cli.out('list', '--local', '-o', 'jsonpath={.items}')).toBe('[]')
    await expect(mkdir(cli.folder)).resolves.toBeUndefined()
  })

  it('shows what an agent has seen, and reads what none has', async () => {
    const cli = await withJobs('fresh')
    await putStatus(cli.store, await putJob(cli.store, 'seen'), {
      targets: ['local'],
      auto: 'paranoid',
      lastRun: {
        name: 'seen.1',
        state: 'failed',
        startedAt: '2025-12-31T23:00:00.000Z',
        delivery: 'local: failed',
        drift: { state: 'changed', appeared: 2, gone: 1, changed: 3, flips: 1 },
      },
    })
    await putStatus(cli.store, await putJob(cli.store, 'changed'), {
      observedVersion: 'older',
      observedSpecHash: 'of an older spec',
    })
    await putJob(cli.store, 'broken', { text: 'schedule: [' })
    await putJob(cli.store, 'paused', { annotations: { 'support-bundle-schedule.io/paused': 'x' } })
    const rows = (await cli.out('list', '--local', '-o', 'wide')).split('\n').map((line) => line.split(/ {2,}/))
    expect(rows[0]).toEqual([
      'NAME',
      'ID',
      'SCHEDULE',
      'NEXT RUN',
      'STATUS',
      'LAST RUN',
      'RUN COUNT',
      'ZONE',
      'AUTO',
      'TARGET',
      'DELIVERY',
      'DRIFT',
    ])
    const shown = Object.fromEntries(rows.slice(1, -1).map(([name, , ...cells]) => [name, cells]))
    expect(shown).toEqual({
      broken: ['-', '-', 'invalid', '-', '0', '-', '-', '-', '-', '-'],
      changed: ['0 2 * * *', 'in 120m', 'pending', '21h ago', '7', 'UTC', '-', '-', '-', '-'],
      fresh: ['0 2 * * *', 'in 120m', 'pending', '-', '0', 'UTC', '-', '-', '-', '-'],
      paused: ['0 2 * * *', '-', 'disabled', '-', '0', 'UTC', '-', '-', '-', '-'],
      seen: [
        '0 2 * * *',
        expect.stringMatching(/^in \d+d$/),
        'completed',
        '60m ago',
        '7',
        'UTC',
        'paranoid',
        'local',
        'local: failed',
        '+2 -1 ~3 !1',
      ],
    })
  })

  it('filters', async () => {
    const cli = await withJobs('nightly-a', 'nightly-b', 'weekly')
    await cli.out('disable', 'weekly', '--local')
    const names = async (...argv: string[]) =>
      (await cli.out('list', '--local', '-o', 'jsonpath={.items[*].name}', ...argv)).split(' ')
    expect(await names('--filter', 'nightly-*')).toEqual(['nightly-a', 'nightly-b'])
    expect(await names('--filter', 'ek')).toEqual(['weekly'])
    expect(await names('--filter', '*.*')).toEqual([''])
    expect(await names('--status', 'disabled')).toEqual(['weekly'])
    expect(await names('--no-show-disabled')).toEqual(['nightly-a', 'nightly-b'])
    expect((await cli.run('list', '--local', '--filter', 'zzz')).err).toBe('no job matches\n')
    expect((await cli.run('list', '--local', '--status', 'idle')).code).toBe(2)
  })

  it('speaks each format', async () => {
    const cli = await withJobs('a', 'b')
    const json = JSON.parse(await cli.out('list', '--local', '-o', 'json')) as { kind: string; items: { name: string }[] }
    expect(json).toMatchObject({
      apiVersion: 'support-bundle-schedule.io/v1',
      kind: 'JobList',
      items: [{ name: 'a', status: 'pending', enabled: true }, { name: 'b' }],
    })
    expect(parseYaml(await cli.out('get', '--local', '-oyaml')).value).toEqual(json)
    expect(await cli.out('list', '--local', '-o', 'jsonpath={range .items[*]}{.name}{"\\n"}{end}')).toBe('a\nb\n')
    expect(await cli.out('list', '--local', '-o', 'name')).toBe('job/a\njob/b\n')
  })
})

describe('status', () => {
  it('shows all of a job', async () => {
    const cli = await makeCli()
    await cli.out('create', 'a', '--local', '--cron', '0 2 * * *', '-z', 'Europe/Berlin', '-d', 'a line', '--labels', 'team=x')
    const job = await cli.store.get({ kind: 'job', namespace: '', name: 'a' })
    if (!job) throw new Error('no job')
    await putRun(cli.store, job, 'm1', {
      bundle: { fileName: 'f.tar.gz', path: '/b/f.tar.gz', bytes: 2048, sha256: '', files: 1, isPartial: true },
    })
    await putStatus(cli.store, job, {
      timeZone: 'Europe/Berlin',
      description: 'a line',
      lastError: 'the disk was full',
      conditions: [
        {
          type: 'Collected',
          status: 'False',
          reason: 'Partial',
          message: 'one failed',
          remedy: 'look',
          at: '2026-01-01T00:00:00.000Z',
        },
      ],
    })
    const text = await cli.out('status', 'a', '--local')
    for (const line of [
      /^Name: +a$/m,
      /^ID: +[0-9a-f-]{36}$/m,
      /^Description: +a line$/m,
      /^Status: +completed$/m,
      /^Collects: +the basics of this machine$/m,
      /^Analyze: +yes$/m,
      /^Targets: +this machine$/m,
      /^Created: +2026-01-01 01:00 \+01:00$/m,
      /^Next runs: +2100-01-01 03:00 \+01:00 \(in \d+d\)$/m,
      /^Last run: +completed, 21h ago$/m,
      /^Run count: +7$/m,
      /^Last error: +the disk was full$/m,
      /^Conditions: +Collected=False Partial: one failed; look$/m,
      /^a.m1 +2025-12-31 03:00 \+01:00 +completed +30s +2.0 KiB \(partial\) +\/b\/f.tar.gz$/m,
    ])
      expect(text).toMatch(line)
    const data = JSON.parse(await cli.out('status', 'a', '--local', '-o', 'json')) as Record<string, unknown>
    expect(data).toMatchObject({
      kind: 'Job',
      name: 'a',
      description: 'a line',
      labels: { team: 'x' },
      spec: { schedule: '0 2 * * *', analyze: true, upload: [] },
      nextSlots: ['2100-01-01T02:00:00.000Z'],
      runs: [{ id: 'a.m1', status: 'completed', collectorCount: 2, bundleBytes: 2048, isPartial: true, durationMs: 30_000 }],
    })
  })

  it('shows a job that cannot be read, with the reason', async () => {
    const cli = await makeCli()
    await putJob(cli.store, 'a', { text: 'apiVersion: support-bundle-schedule.io/v1\nschedule: "0 0 30 2 *"\n' })
    await putJob(cli.store, 'b', { text: 'schedule: [' })
    expect(await cli.out('status', 'a', '--local')).toMatch(
      /^Status: +invalid$[^]*^Last error: +schedule "0 0 30 2 \*" is not valid: it never comes$/m,
    )
    expect(await cli.out('status', 'b', '--local')).toMatch(/^Last error: +job.yaml line \d+: /m)
  })
})

describe('enable, disable, delete', () => {
  it('disable gives a reason, which status shows; enable takes it away', async () => {
    const cli = await withJobs('a')
    expect(await cli.out('disable', 'a', '--local', '--reason', 'until Friday')).toBe('job "a" disabled\n')
    expect(await cli.out('disable', 'a', '--local', '--reason', 'until Friday')).toBe('job "a" is disabled already\n')
    expect(await cli.out('status', 'a', '--local')).toMatch(/^Status: +disabled\nPaused: +until Friday$/m)
    expect(await cli.out('enable', 'a', '--local')).toBe('job "a" enabled\n')
    const again = await cli.run('enable', 'a', '--local')
    expect(again).toMatchObject({ code: 0, out: 'job "a" was not disabled\n' })
    expect(again.err).toContain('enabled: false')
  })

  it('enabled: false in the spec is the spec’s own', async () => {
    const cli = await makeCli()
    await putJob(cli.store, 'a', { text: 'apiVersion: support-bundle-schedule.io/v1\nschedule: "@daily"\nenabled: false\n' })
    expect(await cli.out('list', '--local', '--status', 'disabled', '-o', 'name')).toBe('job/a\n')
    expect((await cli.run('enable', 'a', '--local')).err).toContain('change the spec')
  })

  it('a change by someone else at the same time is said', async () => {
    const cli = await withJobs('a')
    const store = { ...cli.store, list: cli.store.list.bind(cli.store), get: cli.store.get.bind(cli.store) }
    const update: typeof cli.store.update = async (ref, document) => {
      await cli.store.update(ref, document, (await cli.store.get(ref))?.version ?? '')
      return cli.store.update(ref, { ...document, labels: { late: 'x' } }, 'old')
    }
    const other = await makeCli({
      folder: cli.folder,
      fileStore: async () => Object.assign(Object.create(store) as typeof cli.store, { update }),
    })
    const said = await other.run('disable', 'a', '--local')
    expect(said.err).toContain('error: job "a" was changed by someone else at the same time (JOB_CHANGED)')
    expect(said.code).toBe(4)
  })

  it('delete wants --yes, keeps bundles, and then the job is gone', async () => {
    const cli = await withJobs('a')
    const asked = await cli.run('delete', 'a', '--local')
    expect(asked).toMatchObject({
      code: 2,
      out: '',
      err: 'error: deleting job "a" cannot be undone (CONFIRMATION_NEEDED)\n  add --yes to go on\n',
    })
    const done = await cli.run('delete', 'a', '--local', '-y')
    expect(done).toMatchObject({ code: 0, out: 'job "a" deleted\n' })
    expect(done.err).toContain(join(cli.folder, 'bundles', 'a'))
    expect((await cli.run('delete', 'a', '--local', '-y')).code).toBe(3)
  })
})

describe('history', () => {
  async function withHistory(): Promise<Cli> {
    const cli = await makeCli()
    const job = await putJob(cli.store, 'a')
    const drift = { state: 'no-baseline', reason: 'no run of this job has been completed yet' } as const
    await putRun(cli.store, job, 'm1', { slot: '2025-12-31T12:00:00.000Z', trigger: 'manual', drift })
    await putRun(cli.store, job, '2', {
      drift: { state: 'changed', baseline: 'a.1', appeared: 1 },
      slot: '2025-12-30T02:00:00.000Z',
      outcome: 'failed',
      error: { code: 'X', message: 'the disk was full' },
    })
    const slots = {
      type: 'slots',
      from: '2025-12-20T02:00:00.000Z',
      to: '2025-12-29T02:00:00.000Z',
      count: 10,
      outcome: 'missed-down',
      at: '2025-12-30T00:00:00.000Z',
    } as const
    await putLedger(
      cli.store,
      job,
      [
        slots,
        {
          type: 'run',
          run: 'a.0',
          slot: '2025-12-19T02:00:00.000Z',
          trigger: 'schedule',
          outcome: 'completed',
          bytes: 10,
          drift: { state: 'same' },
        },
      ],
      'Europe/Berlin',
    )
    await mkdir(join(cli.folder, 'logs', 'runs'), { recursive: true })
    const entry = { timestamp: '2025-12-31T12:00:01.000Z', level: 'info', message: 'planning\u001b[31m', component: 'task' }
    await writeFile(join(cli.folder, 'logs', 'runs', 'a.m1.log'), `${JSON.stringify(entry)}\n{"cut`)
    return cli
  }

  it('shows how each slot ended, newest first, and why', async () => {
    const cli = await withHistory()
    const lines = (await cli.out('history', 'a', '--local')).split('\n').map((line) => line.split(/ {2,}/))
    expect(lines.slice(0, -1)).toEqual([
      ['SLOT', 'OUTCOME', 'SLOTS', 'TRIGGER', 'DURATION', 'SIZE', 'RUN', 'WHERE OR WHY'],
      ['2025-12-31 13:00 +01:00', 'completed', 'manual', '30s', '2.0 KiB', 'a.m1', '/bundles/a.m1.tar.gz'],
      ['2025-12-30 03:00 +01:00', 'failed', 'schedule', '30s', '2.0 KiB', 'a.2', 'the disk was full'],
      [
        '2025-12-20 03:00 +01:00 … 2025-12-29 03:00 +01:00',
        'missed-down',
        '10',
        'schedule',
        '-',
        '-',
        '-',
        'no agent was at work',
      ],
      ['2025-12-19 03:00 +01:00', 'completed', 'schedule', '-', '10 B', 'a.0', '-'],
    ])
  })

  it('filters, and speaks each format', async () => {
    const cli = await withHistory()
    const outcomes = async (...argv: string[]) =>
      cli.out('history', 'a', '--local', '-o', 'jsonpath={.items[*].outcome}', ...argv)
    expect(await outcomes()).toBe('completed failed missed-down completed')
    expect(await outcomes('--outcome', 'failed')).toBe('failed')
    expect(await outcomes('--since', '1d')).toBe('completed')
    expect(await outcomes('--limit', '2')).toBe('completed failed')
    expect(await outcomes('--run', 'a.2')).toBe('failed')
    expect(await cli.out('history', 'a', '--local', '-o', 'name')).toBe('run/a.m1\nrun/a.2\nrun/a.0\n')
    expect(parseYaml(await cli.out('history', 'a', '--local', '-o', 'yaml')).value).toEqual(
      JSON.parse(await cli.out('history', 'a', '--local', '-o', 'json')),
    )
    const wide = (await cli.out('history', 'a', '--local', '-o', 'wide')).split('\n').map((line) => line.split(/ {2,}/))
    expect(wide[0]?.slice(-3)).toEqual(['DRIFT', 'WHERE', 'WHY'])
    expect(wide.slice(1, -1).map((cells) => cells.at(-3))).toEqual(['no baseline', '+1', '-', 'none'])
    expect(await cli.out('history', 'a', '--local', '-o', 'jsonpath={.items[*].drift.state}')).toBe('no-baseline changed same')
    expect(await cli.run('history', 'a', '--local', '--outcome', 'disabled')).toEqual({
      code: 0,
      out: '',
      err: 'nothing matches\n',
    })
  })

  it('shows the log of a run, as lines or as data', async () => {
    const cli = await withHistory()
    expect(await cli.out('history', 'a', '--local', '--logs')).toBe(
      '2025-12-31T12:00:01.000Z info  task: planning\\u001b[31m\n- -     -: {"cut\n',
    )
    expect(JSON.parse(await cli.out('history', 'a', '--local', '--logs', '-o', 'json'))).toMatchObject({
      run: 'a.m1',
      items: [{ level: 'info', component: 'task' }, { message: '{"cut' }],
    })
  })

  it.each<[string[], string, number]>([
    [['--run', 'a.9'], 'error: run "a.9" does not exist (RUN_NOT_FOUND)', 3],
    [['--run', 'a.2', '--logs'], 'error: there is no log of run "a.2" (LOG_NOT_FOUND)', 3],
    [['--outcome', 'disabled', '--logs'], 'error: there is no log of a run of job "a" that matches (LOG_NOT_FOUND)', 3],
    [['--since', 'monday'], 'error: flag "--since" takes a duration like 12h or 7d, not "monday" (USAGE_FLAG_VALUE)', 2],
    [['--limit', '0'], 'error: flag "--limit" takes a number from 1 on, not "0" (USAGE_FLAG_VALUE)', 2],
    [['--limit', '1e9'], 'error: flag "--limit" takes a number from 1 on, not "1e9" (USAGE_FLAG_VALUE)', 2],
    [['--outcome', 'faild'], 'error: flag "--outcome" takes one of completed, failed', 2],
  ])('%j is refused', async (argv, want, code) => {
    const said = await (await withHistory()).run('history', 'a', '--local', ...argv)
    expect(said.err.startsWith(want), said.err).toBe(true)
    expect(said).toMatchObject({ code, out: '' })
  })

  it('leaves out a record of a newer version, and says so', async () => {
    const cli = await withHistory()
    await cli.store.create({ kind: 'run', namespace: '', name: 'a.m9' }, { text: '{"schema": 2}' })
    const said = await cli.run('history', 'a', '--local', '-o', 'name')
    expect(said.out).toBe('run/a.m1\nrun/a.2\nrun/a.0\n')
    expect(said.err).toContain(
      'warning: record "a.m9" is left out: the run was written by a newer version (schema 2, this one knows 1)\n',
    )
    expect(said.code).toBe(0)
  })
})
