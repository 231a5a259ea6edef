import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { runAgent, startAgent } from '../plugin/agent-process.ts'
import { FakeClock } from './support/clock.ts'
import { eventually, makeCli, type Said, STACK } from './support/cli.ts'
import { isRunning, makePlace, type Place, SPEC } from './support/daemon.ts'

/** Makes a process believe that it is later. */
const SHIFT = `const Real = Date
const by = Number(process.env.SHIFT_MS)
globalThis.Date = class extends Real {
  constructor(...given) {
    if (given.length === 0) super(Real.now() + by)
    else super(...given)
  }
  static now() {
    return Real.now() + by
  }
}
`

interface Line {
  run?: string
  outcome: string
  trigger: string
  start?: string
  end?: string
}
const history = async (place: Place, job: string) =>
  (JSON.parse(await place.cli.out('history', job, '--local', '-o', 'json')) as { items: Line[] }).items

/** Waits until a daemon could not be meant any more: no pid file, no process. */
async function expectNoDaemon(place: Place): Promise<void> {
  expect(await place.daemonPid()).toBeUndefined()
  expect(await readdir(join(place.folder, 'state')).catch(() => [])).not.toContain('daemon.json')
}

function expectRefusal(said: Said, code: number, want: RegExp): void {
  expect(said.err).toMatch(want)
  expect(said.err).not.toMatch(STACK)
  expect(said.code).toBe(code)
}

describe.concurrent('daemon', () => {
  it('start, status, reload, restart, stop', async ({ onTestFinished }) => {
    const place = await makePlace(onTestFinished)
    const began = systemClock.monotonicMs()
    const started = await place.run('daemon', 'start')
    expect(started.code, started.err).toBe(0)
    expect(systemClock.monotonicMs() - began).toBeLessThan(10_000)
    const pid = await place.daemonPid()
    expect(started.out).toMatch(new RegExp(`^daemon started \\(process ${pid}\\), serving http://127.0.0.1:\\d+\\n$`))
    expect(started.err).toBe(`log: ${join(place.folder, 'logs', 'daemon.log')}\n`)
    for (const file of ['daemon.pid', 'daemon.json', 'token'])
      expect((await stat(join(place.folder, 'state', file))).mode & 0o077, file).toBe(0)

    expectRefusal(
      await place.run('daemon', 'start'),
      4,
      new RegExp(`^error: a daemon already runs for .* \\(process ${pid}\\) \\(DAEMON_RUNNING\\)\n {2}stop it first`),
    )
    const status = await place.run('daemon', 'status', '-o', 'json')
    expect(JSON.parse(status.out)).toMatchObject({
      running: true,
      answers: true,
      pid,
      jobs: 0,
      activeRuns: 0,
      folder: place.folder,
    })
    expect((await place.run('daemon', 'status')).out).toMatch(
      /^State: +running\nPID: +\d+\nUptime: .*\nMemory: .*\nCPU: .*\nActive jobs: +0\nTotal jobs: +0\n/,
    )

    await writeFile(join(place.folder, 'config', 'scheduler.yaml'), 'metricsPort: 0\nlogLevel: debug\n')
    expect(await place.run('daemon', 'reload')).toMatchObject({ code: 0, out: `daemon told to reload (process ${pid})\n` })
    await eventually(
      'the reload',
      async () => (await readFile(join(place.folder, 'logs', 'daemon.log'), 'utf8')).includes('config reloaded') || undefined,
    )

    const restarted = await place.run('daemon', 'restart')
    expect(restarted.code, restarted.err).toBe(0)
    const second = await place.daemonPid()
    expect(second).not.toBe(pid)
    expect(await place.run('daemon', 'stop')).toMatchObject({ code: 0, out: `daemon stopped (process ${second})\n` })
    await expectNoDaemon(place)
    expectRefusal(await place.run('daemon', 'stop'), 3, /\(DAEMON_NOT_RUNNING\)\n {2}start it/)
    expectRefusal(await place.run('daemon', 'reload'), 3, /\(DAEMON_NOT_RUNNING\)/)
    expect(await place.run('daemon', 'status')).toMatchObject({ code: 3, out: `no daemon runs for ${place.folder}\n` })
  })

  it('of two that are started at once, one runs', async ({ onTestFinished }) => {
    const place = await makePlace(onTestFinished)
    const said = await Promise.all([place.run('daemon', 'start'), place.run('daemon', 'start'), place.run('daemon', 'start')])
    expect(said.map(({ code }) => code).toSorted()).toEqual([0, 4, 4])
    for (const { code, err } of said) if (code === 4) expect(err).toContain('(DAEMON_RUNNING)')
    expect(await place.daemonPid()).toBeDefined()
  })

  it('a pid file that nobody holds any more is no daemon, whoever has its number now', async ({ onTestFinished }) => {
    const place = await makePlace(onTestFinished)
    const file = join(place.folder, 'state', 'daemon.pid')
    await place.run('daemon', 'start')
    await place.run('daemon', 'stop')
    const stale = [
      { pid: 2 ** 22 - 1, startId: 'gone' },
      { pid: process.pid, startId: 'of an earlier one' },
    ]
    for (const text of [...stale.map((one) => JSON.stringify({ startedAt: '2026-01-01T00:00:00Z', ...one })), 'garbage', '']) {
      await writeFile(file, text)
      expectRefusal(await place.run('daemon', 'stop'), 3, /\(DAEMON_NOT_RUNNING\)/)
    }
    await writeFile(file, JSON.stringify(stale[1]))
    expect((await place.run('daemon', 'start')).code).toBe(0)
    expect(await place.daemonPid()).not.toBe(process.pid)
  })

  it.for<[string, string, RegExp]>([
    ['a wrong type', 'metricsPort: x\n', /scheduler\.yaml: .*metricsPort.* \(CONFIG_INVALID\)\n {2}correct the file/],
    ['an unknown key', 'metricsprt: 0\n', /scheduler\.yaml: .*metricsprt.* \(CONFIG_INVALID\)/],
    ['no YAML', 'a: [\n', /scheduler\.yaml: line \d+: .* \(CONFIG_INVALID\)/],
  ])('a config with %s is refused with its place', async ([, config, want], { onTestFinished }) => {
    const place = await makePlace(onTestFinished, config)
    expectRefusal(await place.run('daemon', 'start'), 2, want)
    await expectNoDaemon(place)
  })

  it.for<[string[], number, RegExp]>([
    [['--config', 'nope.yaml'], 2, /nope\.yaml: .* \(CONFIG_INVALID\)/],
    [['--max-concurrent', '0'], 2, /flag "--max-concurrent" takes a number from 1 on, not "0" \(USAGE_FLAG_VALUE\)/],
    [['--max-concurrent', '900'], 2, /\(CONFIG_INVALID\)/],
    [['--check-interval', 'often'], 2, /flag "--check-interval" takes a duration like 30s, not "often" \(USAGE_FLAG_VALUE\)/],
    [['--check-interval', '5ms'], 2, /flag "--check-interval" takes a duration of 1s at least \(USAGE_FLAG_VALUE\)/],
    [['--log-level', 'loud'], 2, /flag "--log-level" takes one of debug, info, warn, error \(USAGE_FLAG_VALUE\)/],
    [['--log-file', 'file/daemon.log'], 2, /^error: .*cwd\/file.*\n {2}\S/],
    [['--log-file', '.'], 2, /^error: .*\n {2}\S/],
  ])('start %j is refused', async ([argv, code, want], { onTestFinished }) => {
    const place = await makePlace(onTestFinished)
    await place.cli.file('file', '')
    expectRefusal(await place.run('daemon', 'start', ...argv), code, want)
    await expectNoDaemon(place)
  })

  it('a port that is taken is said, and nothing is left running', async ({ onTestFinished }) => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const place = await makePlace(onTestFinished, `metricsPort: ${port}\n`)
    expectRefusal(
      await place.run('daemon', 'start'),
      4,
      new RegExp(`^error: port ${port} .* \\(PORT_TAKEN\\)\n {2}set another "metricsPort"`),
    )
    await expectNoDaemon(place)
    server.close()
  })
})

describe.concurrent('daemon in the foreground', () => {
  it.for(['SIGTERM', 'SIGINT'] as const)(
    'logs JSON to stdout, reloads at SIGHUP, and ends at %s with exit code 0',
    async (signal, { onTestFinished }) => {
      const place = await makePlace(onTestFinished)
      const daemon = place.start(['daemon', 'start', '--foreground'])
      await eventually('the start', () => daemon.said().out.includes('agent started') || undefined)
      daemon.kill('SIGHUP')
      await eventually('the reload', () => daemon.said().out.includes('config reloaded') || undefined)
      daemon.kill(signal)
      const { code, out, err } = await daemon.ended
      expect({ code, err }).toEqual({ code: 0, err: '' })
      for (const line of out.trim().split('\n'))
        expect(JSON.parse(line)).toMatchObject({ component: 'agent', msg: expect.any(String) as string })
      await expectNoDaemon(place)
    },
  )

  it('Ctrl-C at a terminal reaches it once: a run at work is recorded', async ({ onTestFinished }) => {
    const place = await makePlace(onTestFinished)
    await place.cli.out('create', 'a', '--local', '-c', '@yearly', '-s', await place.sleeper('a', 60))
    const daemon = place.start(['daemon', 'start', '--foreground'], { isLeader: true })
    await eventually('the start', () => daemon.said().out.includes('agent started') || undefined)
    await place.run('run', 'a', '--local')
    const sleeper = await eventually('the run', () => place.sleeperPid('a'))
    daemon.kill('SIGINT')
    expect((await daemon.ended).code).toBe(0)
    expect(await isRunning(sleeper)).toBe(false)
    expect((await history(place, 'a')).map(({ outcome }) => outcome)).toEqual(['interrupted'])
  })
})

describe.concurrent('runs of a daemon', () => {
  it('two that are asked for at once are done one after the other', async ({ onTestFinished }) => {
    const place = await makePlace(onTestFinished, 'metricsPort: 0\ndefaultMaxConcurrent: 4\n')
    await place.cli.file('a.yaml', `${SPEC}    - run: {collectorName: s, command: sleep, args: ["1"]}\n`)
    await place.cli.out('create', 'a', '--local', '-c', '@yearly', '-s', 'a.yaml')
    await place.run('daemon', 'start')
    const said = await Promise.all([1, 2].map(() => place.run('run', 'a', '--local', '--wait')))
    expect(said.map(({ code }) => code)).toEqual([0, 0])
    const [first, second] = (await history(place, 'a')).toSorted((a, b) => String(a.start).localeCompare(String(b.start)))
    expect(first?.outcome).toBe('completed')
    expect(Date.parse(second?.start ?? '')).toBeGreaterThanOrEqual(Date.parse(first?.end ?? ''))
  })

  it('one that ends within a moment is waited for at the stop; work that would take longer is recorded as interrupted', async ({
    onTestFinished,
  }) => {
    const place = await makePlace(onTestFinished)
    await place.cli.out('create', 'short', '--local', '-c', '@yearly', '-s', await place.sleeper('short', 2))
    await place.cli.out('create', 'long', '--local', '-c', '@yearly', '-s', await place.sleeper('long', 60))
    await place.run('daemon', 'start')
    for (const job of ['short', 'long']) await place.run('run', job, '--local')
    const sleeper = await eventually('both runs', async () =>
      (await place.sleeperPid('short')) ? place.sleeperPid('long') : undefined,
    )
    expect((await place.run('daemon', 'stop')).code).toBe(0)
    expect(await isRunning(sleeper)).toBe(false)
    expect((await history(place, 'short')).map(({ outcome }) => outcome)).toEqual(['completed'])
    expect((await history(place, 'long')).map(({ outcome }) => outcome)).toEqual(['interrupted'])
    await expectNoDaemon(place)
  })

  it('a job that is deleted takes its run along', async ({ onTestFinished }) => {
    const place = await makePlace(onTestFinished)
    await place.cli.out('create', 'a', '--local', '-c', '@yearly', '-s', await place.sleeper('a', 60))
    await place.run('daemon', 'start')
    const waiting = place.start(['run', 'a', '--local', '--wait'])
    const sleeper = await eventually('the run', () => place.sleeperPid('a'))
    expect((await place.run('delete', 'a', '--local', '--yes')).code).toBe(0)
    await eventually('its end', async () => !(await isRunning(sleeper)) || undefined)
    const said = await waiting.ended
    expect(said.err).toMatch(/^error: .*\([A-Z_]+\)\n/m)
    expect(said.code).toBe(3)
    expect(
      await eventually('an empty work folder', async () =>
        (await readdir(join(place.folder, 'work'))).length === 0 ? 'empty' : undefined,
      ),
    ).toBe('empty')
    expect(JSON.parse((await place.run('daemon', 'status', '-o', 'json')).out)).toMatchObject({ answers: true, jobs: 0 })
  })
})

describe.concurrent('a daemon that is killed', () => {
  it('leaves a run that is recorded as interrupted, once; its command ends; the next slot runs', async ({ onTestFinished }) => {
    const place = await makePlace(onTestFinished)
    const spec = await place.sleeper('a', 60)
    // A job of ten minutes ago: its latest slot is run at once.
    const past = new FakeClock(new Date(systemClock.now().getTime() - 600_000))
    const before = await makeCli({ folder: place.folder, cwd: place.cwd, clock: past }, onTestFinished)
    await before.out('create', 'a', '--local', '-c', '* * * * *', '-s', spec)
    await place.run('daemon', 'start')
    const sleeper = await eventually('the run', () => place.sleeperPid('a'))
    process.kill(await eventually('the daemon', () => place.daemonPid()), 'SIGKILL')
    await eventually('the end of its command', async () => !(await isRunning(sleeper)) || undefined)
    expect(
      (await history(place, 'a')).filter(({ trigger, run }) => trigger === 'schedule' && run).map(({ outcome }) => outcome),
    ).toEqual(['running'])

    // A minute later, as the next daemon sees it.
    const shift = join(place.cwd, await place.cli.file('shift.mjs', SHIFT))
    const again = await place.start(['daemon', 'start'], { env: { NODE_OPTIONS: `--import ${shift}`, SHIFT_MS: '60000' } }).ended
    expect(again.code, again.err).toBe(0)
    const runs = async () => (await history(place, 'a')).filter(({ run }) => run)
    await eventually('the next slot', async () =>
      (await runs()).some(({ outcome }) => outcome === 'completed') ? true : undefined,
    )
    const [next, first] = await runs()
    expect([next?.outcome, first?.outcome]).toEqual(['completed', 'interrupted'])
    expect(Number(next?.run?.split('.')[1]) - Number(first?.run?.split('.')[1])).toBe(1)
    await place.run('daemon', 'restart')
    expect((await runs()).filter(({ outcome }) => outcome === 'interrupted')).toHaveLength(1)
    expect(await readdir(join(place.folder, 'work'))).toEqual([])
  })
})

describe.concurrent('Ctrl-C', () => {
  it.for(['SIGINT', 'SIGTERM'] as const)(
    '%s during collect leaves no folder, no file and no process',
    async (signal, { onTestFinished }) => {
      const place = await makePlace(onTestFinished)
      const collect = place.start(['collect', await place.sleeper('a', 60), '--to', 'out/'])
      const sleeper = await eventually('the collector', () => place.sleeperPid('a'))
      collect.kill(signal)
      const said = await collect.ended
      expectRefusal(said, 130, /^error: the task was cancelled: .* \(TASK_CANCELLED\)\n/m)
      expect(said.out).toBe('')
      expect(await readdir(join(place.cwd, 'out'))).toEqual([])
      expect(await isRunning(sleeper)).toBe(false)
    },
  )

  it('during run without a daemon ends the run, which is recorded, and what it started', async ({ onTestFinished }) => {
    const place = await makePlace(onTestFinished)
    await place.cli.out('create', 'a', '--local', '-c', '@yearly', '-s', await place.sleeper('a', 60))
    const run = place.start(['run', 'a', '--local'], { isLeader: true })
    const sleeper = await eventually('the collector', () => place.sleeperPid('a'))
    run.kill('SIGINT')
    expectRefusal(
      await run.ended,
      130,
      /^error: interrupted while run "a\.m.*" was not done \(WAIT_INTERRUPTED\)\n {2}it was ended too; see "history a"\n$/m,
    )
    expect(await isRunning(sleeper)).toBe(false)
    expect((await history(place, 'a')).map(({ outcome }) => outcome)).toEqual(['interrupted'])
    expect(await readdir(join(place.folder, 'work'))).toEqual([])
  })

  it('the time-out of run without a daemon does the same', async ({ onTestFinished }) => {
    const place = await makePlace(onTestFinished)
    await place.cli.out('create', 'a', '--local', '-c', '@yearly', '-s', await place.sleeper('a', 60))
    expectRefusal(await place.run('run', 'a', '--local', '--timeout', '2s'), 6, /\(WAIT_TIMED_OUT\)\n {2}it was ended/)
    expect((await history(place, 'a')).map(({ outcome }) => outcome)).toEqual(['interrupted'])
  })

  it('ends daemon status --watch', async ({ onTestFinished }) => {
    const place = await makePlace(onTestFinished)
    const watch = place.start(['daemon', 'status', '--watch'])
    await eventually('something to see', () => watch.said().out.includes('no daemon runs') || undefined)
    watch.kill('SIGINT')
    expect((await watch.ended).code).toBe(0)
  })
})

describe.concurrent('a daemon that does not get ready', () => {
  it.for(['{ setInterval(() => 0, 1e6) }', "process.on('SIGTERM', () => 0); setInterval(() => 0, 1e6)"])(
    'is ended when it is not waited for any more: %s',
    async (code, { onTestFinished }) => {
      const place = await makePlace(onTestFinished)
      await place.cli.file('agent.mjs', `${code}\n`)
      const stop = new AbortController()
      const starting = startAgent(
        { process, script: join(place.cwd, 'agent.mjs'), args: ['--folder', place.folder] },
        stop.signal,
      )
      await systemClock.sleep(300)
      stop.abort(new Error('interrupted'))
      const { pid, exitCode } = await starting
      expect(exitCode).toBe(1)
      expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    },
  )

  it('and one that cannot be started at all is an error, not a crash', async ({ onTestFinished }) => {
    const place = await makePlace(onTestFinished)
    const agent = {
      process: Object.create(process, { execPath: { value: '/nope/node' } }) as NodeJS.Process,
      script: 'x',
      args: [],
    }
    for (const end of [await startAgent(agent, undefined), await runAgent(agent, false, undefined)]) {
      expect(end.exitCode).toBe(1)
      expect(end.said).toContain('ENOENT')
    }
    expect(place.folder).not.toBe('')
  })
})

it('a reader that has seen enough is no error', async ({ onTestFinished }) => {
  const place = await makePlace(onTestFinished)
  for (let count = 0; count < 40; count++)
    await place.cli.out('create', `job-${count}`, '--local', '-c', '@daily', '-d', 'x'.repeat(400))
  for (const argv of [
    ['list', '--local', '-o', 'json'],
    ['daemon', 'status', '--watch'],
  ]) {
    const reader = place.start(argv, { isClosed: true })
    const { code, err } = await reader.ended
    expect({ argv, code, err }).toEqual({ argv, code: argv[0] === 'list' ? 0 : code, err: '' })
    expect([0, 3]).toContain(code)
  }
})
