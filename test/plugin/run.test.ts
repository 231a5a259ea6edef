import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { decodeRequest, type Run } from '../../core/run.ts'
import { createPidFile } from '../../core/store/claim-file.ts'
import type { AgentEnd, CliEdge } from '../../plugin/cli-edge.ts'
import { FakeClock } from '../support/clock.ts'
import { type Cli, makeCli, makeProcesses, type Said, START } from '../support/cli.ts'
import { collectorModule, writePlugin } from '../support/plugins.ts'
import { putJob, putRun } from './records.ts'

const ID = 'abc'
const NAME = `a.m${ID}`
const LIVE: Partial<Run> = { trigger: 'manual', slot: START.replace('Z', '.000Z') }

interface World extends Cli {
  clock: FakeClock
  stop: AbortController
  /** runs a command while time goes on, in steps, until it ends */
  go(...argv: string[]): Promise<Said>
  /** as a daemon at work on the job would leave it */
  put(change: Partial<Run>): Promise<void>
}

async function world(change: Partial<CliEdge> = {}): Promise<World> {
  const clock = new FakeClock(START)
  const stop = new AbortController()
  const cli = await makeCli({ clock, signal: stop.signal, newId: () => ID, ...change })
  const job = await putJob(cli.store, 'a')
  return {
    ...cli,
    clock,
    stop,
    async go(...argv) {
      let said: Said | undefined
      const running = cli.run(...argv).then((end) => (said = end))
      while (!said) {
        await clock.advance(200)
        await systemClock.sleep(1)
      }
      return running
    },
    put: async (run) => void (await putRun(cli.store, job, `m${ID}`, { ...LIVE, ...run })),
  }
}

/** This very process holds the pid file: a daemon, as far as the CLI can see. */
async function withDaemon(change: Partial<CliEdge> = {}) {
  const made = await world(change)
  const state = join(made.folder, 'state')
  await mkdir(state, { recursive: true })
  const claim = await createPidFile({
    path: join(state, 'daemon.pid'),
    processes: makeProcesses(),
    content: { startedAt: START },
  })
  if (!('release' in claim)) throw new Error('someone has the pid file')
  return { ...made, daemonEnds: () => claim.release() }
}

describe('with a daemon', () => {
  it('asks it, and does not wait', async () => {
    const made = await withDaemon()
    const said = await made.run('run', 'a', '--local')
    expect(said).toEqual({ code: 0, out: `run "${NAME}" requested\n`, err: '' })
    const stored = await made.store.get({ kind: 'request', namespace: '', name: `a.request.${ID}` })
    expect(decodeRequest(stored?.text ?? '')).toMatchObject({ action: 'run', requestedAt: '2026-01-01T00:00:00.000Z' })
    expect(stored?.owner?.name).toBe('a')
  })

  it.each([
    ['name', `run/${NAME}\n`],
    ['jsonpath={.run}', NAME],
  ])('tells the run as -o %s', async (format, want) => {
    expect(await (await withDaemon()).out('run', 'a', '--local', '-o', format)).toBe(want)
  })

  it('waits for the end with --wait, showing the steps of the log', async () => {
    const made = await withDaemon()
    await mkdir(join(made.folder, 'logs', 'runs'), { recursive: true })
    const line = (message: string) => JSON.stringify({ timestamp: START, level: 'info', message, component: 'task' })
    await writeFile(
      join(made.folder, 'logs', 'runs', `${NAME}.log`),
      `${line('planning')}\n${line('collecting \u001b[31mcpu')}\n${line('cut').slice(0, 20)}`,
    )
    const waiting = made.go('run', 'a', '--local', '--wait')
    await systemClock.sleep(50)
    await made.put({})
    const said = await waiting
    expect(said.code).toBe(0)
    expect(said.err).toBe('planning …\ncollecting \\u001b[31mcpu …\n')
    expect(said.out).toMatch(
      /^Run: +a.mabc\nOutcome: +completed\nTook: +30s\nBundle: +\/bundles\/a.mabc.tar.gz \(2.0 KiB, 3 files\)\n$/,
    )
  })

  it('draws progress in place on a terminal, and clears it', async () => {
    const made = await withDaemon({ isTty: true })
    await mkdir(join(made.folder, 'logs', 'runs'), { recursive: true })
    await writeFile(
      join(made.folder, 'logs', 'runs', `${NAME}.log`),
      `${JSON.stringify({ level: 'info', message: 'planning', component: 'task' })}\n`,
    )
    const waiting = made.go('run', 'a', '--local', '--wait')
    await systemClock.sleep(50)
    await made.put({})
    expect((await waiting).err).toBe('\r\u001b[2Kplanning …\r\u001b[2K')
  })

  it('gives up waiting after --timeout; the daemon goes on', async () => {
    const made = await withDaemon()
    await made.put({ phase: 'running', outcome: undefined, endedAt: undefined } as Partial<Run>)
    const said = await made.go('run', 'a', '--local', '--wait', '--timeout', '5s')
    expect(said).toMatchObject({ code: 6, out: '' })
    expect(said.err).toBe(`error: run "${NAME}" was not done within 5 s (WAIT_TIMED_OUT)\n  it goes on; see "history a"\n`)
  })

  it('Ctrl-C ends the waiting only', async () => {
    const made = await withDaemon()
    const waiting = made.go('run', 'a', '--local', '--wait')
    await systemClock.sleep(20)
    made.stop.abort(new Error('interrupted'))
    const said = await waiting
    expect(said).toMatchObject({ code: 130, out: '' })
    expect(said.err).toBe(
      `error: interrupted while run "${NAME}" was not done (WAIT_INTERRUPTED)\n  it goes on; see "history a"\n`,
    )
  })

  it('notices that the daemon has ended', async () => {
    const made = await withDaemon()
    const waiting = made.go('run', 'a', '--local', '--wait')
    await systemClock.sleep(20)
    await made.daemonEnds()
    const said = await waiting
    expect(said.err).toContain('(DAEMON_NOT_RUNNING)')
    expect(said.code).toBe(3)
  })
})

describe('how it ended', () => {
  const error = { code: 'DISK_FULL', message: 'no space left for the bundle', remedy: 'free some space' }
  const pending = {
    uploader: 'local',
    state: 'pending',
    tries: 1,
    error: { code: 'X', message: 'the folder is away', remedy: 'mount it' },
  } as const
  it.each<[string, Partial<Run>, number, string]>([
    [
      'failed',
      { outcome: 'failed', error },
      7,
      `error: run "${NAME}" ended as failed: no space left for the bundle (RUN_ENDED_BADLY)\n  free some space\n`,
    ],
    [
      'interrupted',
      { outcome: 'interrupted' },
      7,
      `error: run "${NAME}" ended as interrupted: no reason was recorded (RUN_ENDED_BADLY)\n  see "history a --logs"\n`,
    ],
    [
      'nothing collected',
      { collectors: { ran: 0, failed: 3, skipped: 0 } },
      7,
      'error: none of the 3 collectors worked: see "history a --logs" (COLLECTED_NOTHING)\n',
    ],
    [
      'not delivered',
      { phase: 'delivering', outcome: undefined, deliveries: [pending] } as Partial<Run>,
      7,
      `error: run "${NAME}" ended as collected, but not delivered: the folder is away (RUN_ENDED_BADLY)\n  mount it; the bundle is kept, and a daemon tries again\n`,
    ],
    [
      'partial',
      { bundle: { fileName: 'b', bytes: 1, sha256: '', files: 1, isPartial: true } },
      0,
      'the bundle is partial: support-bundle-schedule/report.json in it says what is missing\n',
    ],
    ['completed', {}, 0, ''],
  ])('%s', async (_, run, code, err) => {
    const made = await withDaemon()
    await made.put(run)
    const said = await made.go('run', 'a', '--local', '--wait')
    expect(said.code).toBe(code)
    expect(said.err.startsWith(err), said.err).toBe(true)
    expect(said.out).toContain(`Run:`)
  })
})

describe('without a daemon', () => {
  /** An agent that does something, and ends. */
  const agent = (work: (made: World, stop: AbortSignal) => Promise<Partial<AgentEnd>>) => {
    let made: World | undefined
    const edge: Partial<CliEdge> = {
      agent: async (_, how, stop) => {
        expect(how).toBe('quiet')
        return { pid: 1, exitCode: 0, said: '', ...(await work(made as World, stop as AbortSignal)) }
      },
    }
    return world(edge).then((world) => (made = world))
  }
  const untilStopped = (stop: AbortSignal) =>
    new Promise<void>((resolve) => (stop.aborted ? resolve() : stop.addEventListener('abort', () => resolve())))
  const interrupted = { outcome: 'interrupted' } as const

  it('does the work here', async () => {
    const made = await agent(async (world) => (await world.put({}), {}))
    const said = await made.go('run', 'a', '--local')
    expect(said).toMatchObject({ code: 0, err: '' })
    expect(said.out).toContain('completed')
  })

  it('Ctrl-C ends the run, which is recorded', async () => {
    const made = await agent(async (world, stop) => (await untilStopped(stop), await world.put(interrupted), {}))
    const waiting = made.go('run', 'a', '--local')
    await systemClock.sleep(20)
    made.stop.abort(new Error('interrupted'))
    const said = await waiting
    expect(said).toMatchObject({ code: 130, out: '' })
    expect(said.err).toBe(
      `error: interrupted while run "${NAME}" was not done (WAIT_INTERRUPTED)\n  it was ended too; see "history a"\n`,
    )
  })

  it('so does the time-out', async () => {
    const made = await agent(async (world, stop) => (await untilStopped(stop), await world.put(interrupted), {}))
    const said = await made.go('run', 'a', '--local', '--timeout', '3s')
    expect(said).toMatchObject({ code: 6, out: '' })
    expect(said.err).toContain('was not done within 3 s (WAIT_TIMED_OUT)\n  it was ended; give it more time')
  })

  it('a run that was done just before Ctrl-C counts', async () => {
    const made = await agent(async (world, stop) => (await world.put({}), await untilStopped(stop), {}))
    const waiting = made.go('run', 'a', '--local')
    await systemClock.sleep(20)
    made.stop.abort(new Error('interrupted'))
    expect((await waiting).code).toBe(0)
  })

  it.each<[string, Partial<AgentEnd>, RegExp, number]>([
    [
      'an error of its own',
      { exitCode: 1, said: 'noise\n{"code":"STORE_FULL","message":"/x: no space left","remedy":"free some"}\n' },
      /^error: \/x: no space left \(STORE_FULL\)\n {2}free some\n$/,
      1,
    ],
    [
      'a wrong config',
      { exitCode: 2, said: '{"code":"CONFIG_INVALID","message":"f: wrong"}' },
      /^error: f: wrong \(CONFIG_INVALID\)\n$/,
      2,
    ],
    [
      'an error of a plug-in',
      { exitCode: 9, said: '{"code":"SOMETHING_ELSE","message":"odd"}' },
      /^error: odd \(SOMETHING_ELSE\)\n$/,
      9,
    ],
    [
      'a crash',
      { exitCode: 1, said: 'file:///x/agent.js:3\n  throw\n\nTypeError: no such thing\n    at file:///x/agent.js:3:1\n' },
      /^error: the daemon did not start: TypeError: no such thing \(DAEMON_START_FAILED\)\n {2}.*\n$/,
      1,
    ],
    ['nothing at all', { exitCode: 1 }, /^error: the daemon did not start: exit code 1 \(DAEMON_START_FAILED\)/, 1],
    ['a job that is gone', {}, /^error: run "a.mabc" does not exist \(RUN_NOT_FOUND\)/, 3],
  ])('an agent that ends with %s', async (_, end, want, code) => {
    const made = await agent(async () => end)
    const said = await made.go('run', 'a', '--local')
    expect(said.err).toMatch(want)
    expect(said).toMatchObject({ code, out: '' })
  })
})

it.each([
  ['--timeout', 'soon', /flag "--timeout" takes a duration like 90s or 30m, not "soon" \(USAGE_FLAG_VALUE\)/],
  ['--timeout', '5', /flag "--timeout" takes a duration like 90s or 30m, not "5" \(USAGE_FLAG_VALUE\)/],
])('%s %s is refused before anything is asked for', async (flag, value, want) => {
  const made = await world()
  const said = await made.run('run', 'a', '--local', flag, value)
  expect(said.err).toMatch(want)
  expect(said.code).toBe(2)
  expect(await made.store.get({ kind: 'request', namespace: '', name: `a.request.${ID}` })).toBeUndefined()
})

describe('with the real agent', () => {
  it('runs a disabled job, one with a failing collector, and one of which nothing works', async () => {
    const cli = await makeCli({ clock: systemClock })
    await writePlugin(join(cli.folder, 'plugins'), 'collectors', 'bad', collectorModule('bad', "throw new Error('no luck')"))
    const head = 'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  collectors:\n'
    await cli.file('some.yaml', `${head}    - data: {name: a, data: hello}\n    - bad: {}\n`)
    await cli.file('none.yaml', `${head}    - bad: {}\n`)
    for (const name of ['some', 'none'])
      await cli.out('create', name, '--local', '-c', '@yearly', '--no-enabled', '-s', `${name}.yaml`)

    const some = await cli.run('run', 'some', '--local', '-o', 'json')
    expect(JSON.parse(some.out)).toMatchObject({ job: 'some', status: 'completed', isPartial: true, collectorCount: 2 })
    expect(some.err).toContain('the bundle is partial')
    expect(some.code).toBe(0)
    expect(await cli.out('history', 'some', '--local', '--logs')).toContain('no luck')

    const none = await cli.run('run', 'none', '--local', '--wait')
    expect(none.code).toBe(7)
    expect(none.err).toMatch(/COLLECTED_NOTHING|RUN_ENDED_BADLY/)
    expect((await cli.out('list', '--local', '-o', 'jsonpath={.items[*].status}')).split(' ')).toEqual(['disabled', 'disabled'])
  })
})
