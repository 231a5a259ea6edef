import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fail } from '../../core/errors.ts'
import type { RunRequest, RunResult, TaskRequest } from '../../core/task.ts'
import type { SuperviseOptions } from '../../core/supervise.ts'
import type { CliEdge } from '../../plugin/cli-edge.ts'
import { parseYaml } from '../../core/yaml.ts'
import { type Cli, makeCli } from '../support/cli.ts'
import { collectorModule, writePlugin } from '../support/plugins.ts'

const SPEC = 'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  collectors:\n'
const DATA = `${SPEC}    - data: {name: a, data: hello}\n`
const NAME = 'support-bundle-2026-01-01T00_00_00.tar.gz'

/** A task program that does what it is told to at once. */
function fakeTask(
  work: (request: RunRequest, options: Omit<SuperviseOptions, 'clock'>) => Promise<Partial<RunResult>>,
): CliEdge['task'] {
  const task = async (request: TaskRequest, options: Omit<SuperviseOptions, 'clock'>) => {
    if (request.task !== 'run')
      return { result: { issues: [], collectors: [], documents: [], targets: [] }, warnings: [], peakRssBytes: 0 }
    const path = join(request.workFolder, request.fileName)
    try {
      await writeFile(path, 'a bundle')
      const archive = { path, fileName: request.fileName, bytes: 8, sha256: '', files: 1, isPartial: false }
      const result = {
        archive,
        collectors: { ran: 1, failed: 0, skipped: 0 },
        analysis: undefined,
        warnings: 0,
        redactions: 0,
        cpuMs: 1,
        ...(await work(request, options)),
      }
      return { result, warnings: [], peakRssBytes: 0 }
    } catch (error) {
      return { error: error as Error, warnings: [], peakRssBytes: 0 }
    }
  }
  return task as CliEdge['task']
}

const quick = () => makeCli({ task: fakeTask(async () => ({})) })

async function files(cli: Cli): Promise<string[]> {
  return (await readdir(cli.cwd)).toSorted()
}

const handed = (namespace: string): NonNullable<Awaited<ReturnType<CliEdge['handCluster']>>> => ({
  request: {
    connection: {
      server: 'https://a.example',
      context: '',
      user: '',
      namespace,
      isUnverified: false,
      credential: {},
      headers: {},
      mayCompress: false,
    },
    namespaces: [namespace],
  },
  renewToken: async () => '',
})

describe('--auto', () => {
  it.each<[string[], string | undefined, boolean]>([
    [['--auto'], 'standard', true],
    [['--auto=paranoid'], 'paranoid', true],
    [['--auto', 'spec.yaml'], 'standard', true],
    [['--auto=false'], undefined, false],
    [[], undefined, false],
  ])('%j asks for the profile %s, and for the cluster: %s', async (flags, auto, hasCluster) => {
    const asked: RunRequest[] = []
    const task = fakeTask(async (request) => {
      asked.push(request)
      return {}
    })
    const cli = await makeCli({ task, handCluster: async ({ namespace }) => handed(namespace ?? '*') })
    await cli.file('spec.yaml', DATA)
    await cli.out('collect', ...flags, '-n', 'shop')
    expect(asked.map((request) => [request.auto, request.cluster?.namespaces])).toEqual([
      [auto, hasCluster ? ['shop'] : undefined],
    ])
  })

  it('takes no other profile', async () => {
    expect(await (await quick()).run('collect', '--auto=some')).toMatchObject({
      code: 2,
      err: expect.stringContaining('"--auto" takes one of minimal, standard, comprehensive, paranoid') as unknown,
    })
  })
})

describe('where logs begin', () => {
  const asked = async (...flags: string[]) => {
    const requests: RunRequest[] = []
    const task = fakeTask(async (request) => {
      requests.push(request)
      return {}
    })
    const cli = await makeCli({ task, handCluster: async ({ namespace }) => handed(namespace ?? '*') })
    const said = await cli.run('collect', '--auto', ...flags)
    return { said, since: requests[0]?.cluster?.since }
  }

  it.each([
    [['--since', '90m'], '2025-12-31T22:30:00.000Z'],
    [['--since-time', '2025-12-01T00:00:00+01:00'], '2025-11-30T23:00:00.000Z'],
    [[], undefined],
  ])('%j', async (flags, since) => {
    expect((await asked(...flags)).since).toBe(since)
  })

  it.each([
    [['--since', 'lastSuccess'], 'takes a duration like 24h'],
    [['--since-time', 'yesterday'], 'takes a time like 2026-01-31T02:00:00Z'],
    [['--since-time', '2026-02-31'], 'takes a time like'],
    [['--since', '1h', '--since-time', '2025-12-01T00:00:00Z'], 'not both'],
  ])('%j is refused', async (flags, reason) => {
    const { said, since } = await asked(...flags)
    expect(said).toMatchObject({ code: 2, err: expect.stringContaining(reason) as unknown })
    expect(since).toBeUndefined()
  })
})

describe('where the bundle goes', () => {
  it('is the current folder, told on stdout; what is talked about is on stderr', async () => {
    const cli = await quick()
    const said = await cli.run('collect')
    expect(said).toMatchObject({ code: 0, out: `${join(cli.cwd, NAME)}\n` })
    expect(said.err).toContain('Size:')
    expect(await files(cli)).toEqual([NAME])
  })

  it.each<[string, string]>([
    ['b', 'b.tar.gz'],
    ['b.tar.gz', 'b.tar.gz'],
    ['new/deep/', `new/deep/${NAME}`],
    ['new/deep/b', 'new/deep/b.tar.gz'],
    ['there', `there/${NAME}`],
    ['there/', `there/${NAME}`],
    ['.', NAME],
  ])('--to %s is %s', async (to, want) => {
    const cli = await quick()
    await mkdir(join(cli.cwd, 'there'))
    expect(await cli.out('collect', '--to', to)).toBe(`${join(cli.cwd, want)}\n`)
    expect((await stat(join(cli.cwd, want))).isFile()).toBe(true)
  })

  it('never takes the place of another bundle that was made in the same second', async () => {
    const cli = await quick()
    for (let count = 0; count < 3; count++) await cli.out('collect')
    expect(await files(cli)).toEqual([NAME.replace('.tar', '-2.tar'), NAME.replace('.tar', '-3.tar'), NAME])
  })

  it.each<[string, RegExp, number]>([
    ['file/x', /^error: flag "--to" names no folder: .*file \(USAGE_FLAG_VALUE\)/, 2],
    ['file/x/', /^error: flag "--to" names no folder: .* \(USAGE_FLAG_VALUE\)/, 2],
    ['/proc/nope/x', /^error: \/proc\/nope.* \(STORE_(FORBIDDEN|UNAVAILABLE)\)/, 1],
    ['/proc/nope/deeper/x', /^error: \/proc\/nope.* \(STORE_(FORBIDDEN|UNAVAILABLE)\)/, 1],
  ])('--to %s is refused', async (to, want, code) => {
    const cli = await quick()
    await cli.file('file', '')
    const said = await cli.run('collect', '--to', to)
    expect(said.err).toMatch(want)
    expect(said).toMatchObject({ code, out: '' })
    expect(await files(cli)).toEqual(['file'])
  })

  it.skipIf(process.getuid?.() === 0)('a folder that may not be written is refused', async () => {
    const cli = await quick()
    await mkdir(join(cli.cwd, 'locked'))
    await chmod(join(cli.cwd, 'locked'), 0o500)
    const said = await cli.run('collect', '--to', 'locked')
    expect(said.err).toMatch(/permission denied \(STORE_FORBIDDEN\)/)
    expect(said.code).toBe(5)
  })
})

describe('what goes wrong', () => {
  it.each<[string[], RegExp, number]>([
    [['--timeout', '3'], /^error: flag "--timeout" takes a duration like 90s or 30m, not "3" \(USAGE_FLAG_VALUE\)/, 2],
    [['--timeout', '10ms'], /^error: flag "--timeout" takes a duration of 1s at least \(USAGE_FLAG_VALUE\)/, 2],
    [['--memory', 'much'], /^error: flag "--memory" takes a size like 512Mi, not "much" \(USAGE_FLAG_VALUE\)/, 2],
    [['-', '-'], /^error: "collect" can read stdin only once \(USAGE_ARGUMENTS\)/, 2],
    [['nope.yaml'], /^error: file "nope.yaml" cannot be read: there is no such file \(FILE_NOT_FOUND\)/, 3],
  ])('%j is refused, and leaves nothing', async (argv, want, code) => {
    const cli = await quick()
    const said = await cli.run('collect', ...argv)
    expect(said.err).toMatch(want)
    expect(said).toMatchObject({ code, out: '' })
    expect(await files(cli)).toEqual([])
  })

  it.each<[string, () => Error, number]>([
    ['a task that failed', () => fail('TASK_MEMORY', { used: '9', limit: '8', step: 'x' }), 1],
    ['a full disk', () => fail('DISK_FULL', { what: 'the bundle', folder: '/x' }), 1],
    [
      'an interrupted one',
      () => Object.assign(fail('INTERNAL', { reason: '' }), { code: 'TASK_CANCELLED', message: 'interrupted', remedy: 'again' }),
      130,
    ],
    ['one that timed out', () => fail('TASK_TIMED_OUT', { seconds: '1', step: 'x' }), 6],
  ])('%s leaves neither a bundle nor its folder', async (_, error, code) => {
    const cli = await makeCli({ task: fakeTask(() => Promise.reject(error())) })
    const said = await cli.run('collect', '--to', 'b')
    expect(said).toMatchObject({ code, out: '' })
    expect(said.err).toMatch(/^error: .*\([A-Z_]+\)\n {2}\S/)
    expect(await files(cli)).toEqual([])
  })

  it('a partial bundle is a bundle; one without anything ends with exit code 7', async () => {
    const partial = await makeCli({
      task: fakeTask(async ({ fileName, workFolder }) => ({
        archive: { path: join(workFolder, fileName), fileName, bytes: 8, sha256: '', files: 1, isPartial: true },
      })),
    })
    expect((await partial.run('collect')).err).toContain('the bundle is partial')
    const empty = await makeCli({ task: fakeTask(async () => ({ collectors: { ran: 0, failed: 2, skipped: 0 } })) })
    const said = await empty.run('collect', '--to', 'b')
    expect(said).toMatchObject({ code: 7, out: `${join(empty.cwd, 'b.tar.gz')}\n` })
    expect(said.err).toContain('error: none of the 2 collectors worked: see the warnings above (COLLECTED_NOTHING)')
  })
})

describe('with the real task program', () => {
  it('collects what a spec asks for, and tells it as data', async () => {
    const cli = await makeCli()
    const said = await cli.pipe(DATA, 'collect', '-', '-o', 'yaml', '--to', 'b')
    expect(said.code, said.err).toBe(0)
    expect(parseYaml(said.out).value).toMatchObject({
      collectors: { ran: 1, failed: 0 },
      bundle: { path: join(cli.cwd, 'b.tar.gz'), isPartial: false },
    })
    expect((await stat(join(cli.cwd, 'b.tar.gz'))).mode & 0o777).toBe(0o600)
    expect(await files(cli)).toEqual(['b.tar.gz'])
  })

  it('a plug-in that does not load is a warning, and the others work', async () => {
    const cli = await makeCli()
    const plugins = join(cli.folder, 'plugins')
    await writePlugin(plugins, 'collectors', 'broken', 'throw new Error("broken at import")')
    await writePlugin(
      plugins,
      'collectors',
      'mine',
      collectorModule('mine', "yield { type: 'file', path: 'mine.txt', format: 'text', body: 'mine' }"),
    )
    await cli.file('spec.yaml', `${DATA}    - mine: {}\n    - broken: {}\n`)
    const said = await cli.run('collect', 'spec.yaml', '--to', 'b', '-o', 'json')
    expect(said.code, said.err).toBe(0)
    expect(said.err).toMatch(/^warning: spec.yaml:7:7: plug-in .*broken did not load: broken at import$/m)
    expect(JSON.parse(said.out)).toMatchObject({ collectors: { ran: 2, failed: 1 }, bundle: { isPartial: true } })
    // A job is made to run for long: there it is to be mended first.
    const refused = await cli.run('create', 'a', '--local', '-c', '@daily', '-s', 'spec.yaml')
    expect(refused.err).toMatch(/^error: spec.yaml: 7:7: plug-in .* did not load: broken at import \(SPEC_INVALID\)/)
    expect(refused.code).toBe(2)
  })

  it('a collector that fails makes the bundle partial; when all do, the exit code says so', async () => {
    const cli = await makeCli()
    await writePlugin(join(cli.folder, 'plugins'), 'collectors', 'bad', collectorModule('bad', "throw new Error('no luck')"))
    await cli.file('some.yaml', `${DATA}    - bad: {}\n`)
    const partial = await cli.run('collect', 'some.yaml', '--to', 'some')
    expect(partial.err).toMatch(/no luck[^]*the bundle is partial/)
    expect(partial.code).toBe(0)
    await cli.file('all.yaml', `${SPEC}    - bad: {}\n`)
    const nothing = await cli.run('collect', 'all.yaml', '--to', 'all')
    expect(nothing.err).toMatch(/no luck[^]*COLLECTED_NOTHING/)
    expect(nothing.code).toBe(7)
    expect(await files(cli)).toEqual(['all.tar.gz', 'all.yaml', 'some.tar.gz', 'some.yaml'])
  })
})
