import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, it as plain } from 'vitest'
import { createRunnerStarter } from '../../../agent/runner/starter.ts'
import { supervise } from '../../../core/supervise.ts'
import { asTaskChild, taskSpawn } from '../../../core/task-child.ts'
import type { TaskRequest } from '../../../core/task.ts'
import { FakeClock } from '../../support/clock.ts'
import { writeCollectors } from '../../support/plugins.ts'
import { type RunnerProcess, SECRET, startRunner } from '../../support/runner.ts'
import { ended, makeWorkspace, pidIn, runRequest, spec, TASK_SCRIPT, until, type Workspace } from '../../support/task.ts'
import { systemClock } from '../../../core/clock.ts'

/** Ends that take seconds: of the agent, of the runner, of both. Side by side, each in its own folders. */

const it = plain.extend<{ space: Workspace; runner: RunnerProcess }>({
  // eslint-disable-next-line no-empty-pattern
  space: async ({}, use) => {
    const space = await makeWorkspace()
    await use(space)
    await space.remove()
  },
  runner: async ({ space }, use) => {
    const runner = await startRunner(space.base)
    await use(runner)
    await runner.stop()
  },
})

const LIMITS = { timeoutMs: 60_000, memoryBytes: 2 ** 30 }
const pidFile = (space: Workspace) => join(space.work, 'task.pid')
const tellPid = (space: Workspace) =>
  `(await import('node:fs')).writeFileSync(${JSON.stringify(pidFile(space))}, String(process.pid));`
const FOREVER = 'await new Promise(() => setInterval(() => {}, 1000))'

async function collecting(space: Workspace, body: string) {
  await writeCollectors(space.plugins, { own: `${tellPid(space)} ${body}` })
  return runRequest(space, { specs: [spec({ collectors: [{ own: {} }] })], timeoutMs: 300_000 })
}

/** A process of its own as the agent, to be stopped or killed. */
async function startAgent(space: Workspace, request: TaskRequest, how: object): Promise<ChildProcess> {
  const file = join(space.elsewhere, 'agent.json')
  await writeFile(file, JSON.stringify({ request, ...how }))
  return spawn(process.execPath, [resolve(import.meta.dirname, '../../support/agent-process.ts'), file], { stdio: 'inherit' })
}

describe.concurrent('the agent', { timeout: 60_000 }, () => {
  it('is killed: its task is killed too, at once, though it blocks', async ({ space, runner, expect }) => {
    const request = await collecting(space, 'for (;;) {}')
    const agent = await startAgent(space, request, { socket: runner.socket })
    const pid = await pidIn(pidFile(space))
    const killedAt = performance.now()
    agent.kill('SIGKILL')
    await ended(pid)
    // The runner would kill it for a missing sign of life too, after 15 s.
    expect(performance.now() - killedAt).toBeLessThan(8_000)
  })

  it('is stopped with its task: the runner kills that, and serves the next agent', async ({ space, runner, expect }) => {
    const request = await collecting(space, FOREVER)
    const agent = await startAgent(space, request, { socket: runner.socket, aliveMs: 1_500 })
    const pid = await pidIn(pidFile(space))
    process.kill(pid, 'SIGSTOP')
    agent.kill('SIGSTOP')
    await ended(pid)
    await writeCollectors(space.plugins, { own: `yield { type: 'file', path: 'x', format: 'text', body: 'x' }` })
    const next = await runner.starter().start({ ...request, fileName: 'next.tar.gz' }, LIMITS)
    expect(next.error).toBeUndefined()
    agent.kill('SIGKILL')
  })

  it('is stopped while its task talks without end', async ({ space, runner }) => {
    const request = await collecting(
      space,
      `for (;;) { await new Promise((done) => process.stdout.write('x'.repeat(65536) + '\\n', done)) }`,
    )
    const agent = await startAgent(space, request, { socket: runner.socket, aliveMs: 1_500 })
    const pid = await pidIn(pidFile(space))
    agent.kill('SIGSTOP')
    await ended(pid)
    agent.kill('SIGKILL')
  })

  it('is slow for a while: no task is lost', async ({ space, runner, expect }) => {
    const request = await collecting(
      space,
      `await new Promise((done) => setTimeout(done, 2500)); yield { type: 'file', path: 'x', format: 'text', body: 'x' }`,
    )
    const agent = await startAgent(space, request, { socket: runner.socket, aliveMs: 2_000 })
    await pidIn(pidFile(space))
    agent.kill('SIGSTOP')
    await new Promise((done) => setTimeout(done, 700))
    agent.kill('SIGCONT')
    await once(agent, 'exit')
    expect(existsSync(join(space.work, request.fileName))).toBe(true)
  })
})

describe.concurrent('a plain child that must be renewed', { timeout: 60_000 }, () => {
  const START = { renewForMs: 1_500 }

  it('ends itself when its parent is stopped', async ({ space }) => {
    const agent = await startAgent(space, await collecting(space, FOREVER), START)
    const pid = await pidIn(pidFile(space))
    agent.kill('SIGSTOP')
    await ended(pid)
    agent.kill('SIGKILL')
  })

  it('ends itself even when it blocks, or nobody reads what it says', async ({ space }) => {
    const agent = await startAgent(space, await collecting(space, 'for (;;) {}'), START)
    const pid = await pidIn(pidFile(space))
    agent.kill('SIGSTOP')
    await ended(pid)
    agent.kill('SIGKILL')
  })

  it('has less time when it was told late', async ({ space, expect }) => {
    const { args, options } = taskSpawn({ script: TASK_SCRIPT, path: undefined, heapMb: 256 })
    const child = spawn(process.execPath, args, options)
    const task = asTaskChild(child, {
      kill: (pid, signal) => void process.kill(pid, signal),
      readFile: (path) => readFile(path, 'utf8'),
    })
    const request = await collecting(space, FOREVER)
    const early = { ...systemClock, now: () => new Date(Date.now() - 60_000) }
    const outcome = await supervise(task, request, {
      ...LIMITS,
      clock: early,
      renewals: (renew) => (renew(60_000), () => undefined),
    })
    expect(outcome.error?.message).toContain('no longer says that it leads')
  })
})

describe.concurrent('the runner', { timeout: 60_000 }, () => {
  it('is told to stop: its task may clear up, and the agent learns of it', async ({ space, runner, expect }) => {
    const request = await collecting(
      space,
      `try { await new Promise((_, no) => context.signal.addEventListener('abort', () => no(context.signal.reason))) }
       finally { console.log('cleared up') }`,
    )
    let text = ''
    const outcome = runner.starter().start(request, { ...LIMITS, onText: (piece) => void (text += piece) })
    const pid = await pidIn(pidFile(space))
    runner.process.kill('SIGTERM')
    const [code] = (await once(runner.process, 'exit')) as [number]
    expect(code).toBe(0)
    await ended(pid)
    expect((await outcome).error).toMatchObject({ code: 'TASK_CANCELLED' })
    expect(text).toContain('cleared up')
  })

  it('is told to stop: a task that does not care is killed', async ({ space, runner, expect }) => {
    const outcome = runner.starter().start(await collecting(space, 'for (;;) {}'), LIMITS)
    const pid = await pidIn(pidFile(space))
    runner.process.kill('SIGTERM')
    await once(runner.process, 'exit')
    await ended(pid)
    expect((await outcome).error).toMatchObject({
      code: 'TASK_INTERRUPTED',
      message: expect.stringMatching(/SIGKILL, the runner was told to stop \(SIGTERM\).*collecting own/),
    })
  })

  it('is killed: an interruption, and the agent goes on', async ({ space, runner, expect }) => {
    const outcome = runner.starter().start(await collecting(space, FOREVER), LIMITS)
    const pid = await pidIn(pidFile(space))
    runner.process.kill('SIGKILL')
    expect((await outcome).error).toMatchObject({
      code: 'TASK_INTERRUPTED',
      message: expect.stringContaining('the runner is gone') as string,
    })
    await ended(pid)
  })

  it('that is killed leaves a socket, which the next one replaces; a second one does not start', async ({
    space,
    runner,
    expect,
  }) => {
    await expect(startRunner(space.base, { socket: runner.socket })).rejects.toThrow('another runner listens')
    runner.process.kill('SIGKILL')
    await once(runner.process, 'exit')
    expect(existsSync(runner.socket)).toBe(true)
    const next = await startRunner(space.base, { socket: runner.socket })
    expect((await next.starter().start(runRequest(space), LIMITS)).error).toBeUndefined()
    await next.stop()
  })

  it('has no more than 16 tasks, and 64 connections', async ({ space, runner, expect }) => {
    const line = (change: object) =>
      `${JSON.stringify({ type: 'spawn', secret: SECRET, heapMb: 64, memoryBytes: 2 ** 30, timeoutMs: 60_000, aliveMs: 60_000, read: [], write: [space.work], ...change })}\n`
    const ask = (text: string) =>
      new Promise<string>((done) => {
        const socket = connect(runner.socket, () => socket.write(text))
        socket
          .on('data', (chunk) => done(chunk.toString()))
          .on('close', () => done('closed'))
          .on('error', () => done('error'))
      })
    expect(await ask(line({ write: [space.elsewhere] }))).toContain('not below')
    expect(await ask(line({ write: [`${space.base}/../x`] }))).toContain('not plain')
    expect(await ask(line({ read: ['/*'] }))).toContain('not plain')
    expect(await ask(line({ secret: SECRET.toUpperCase() }))).toContain('it obeys another agent')
    expect(await ask('x'.repeat(600_000))).toContain('longer than')
    const answers = await Promise.all(Array.from({ length: 18 }, () => ask(line({}))))
    expect(answers.filter((answer) => answer.includes('started'))).toHaveLength(16)
    expect(answers.filter((answer) => answer.includes('refused') && answer.includes('16 tasks'))).toHaveLength(2)
  })

  it('does not wait for who connects and says nothing', async ({ runner, expect }) => {
    const socket = connect(runner.socket)
    const started = performance.now()
    await once(socket, 'close')
    expect(performance.now() - started).toBeGreaterThan(4_000)
  })
})

describe('a runner that is away', () => {
  it('is waited for 10 s, then the task is interrupted', async ({ expect, space }) => {
    const clock = new FakeClock()
    const starter = createRunnerStarter(join(space.elsewhere, 'none'), { clock, secret: SECRET })
    let isOver = false
    const outcome = starter.start(runRequest(space), LIMITS).finally(() => (isOver = true))
    let waitedMs = 0
    while (!isOver) {
      await until('a pause or the end', async () => clock.sleeping > 0 || isOver || undefined)
      if (isOver) break
      await clock.advance(250)
      waitedMs += 250
    }
    expect(waitedMs).toBe(10_000)
    expect((await outcome).error).toMatchObject({
      code: 'TASK_INTERRUPTED',
      message: expect.stringContaining('the runner is not there: connect ENOENT') as string,
      remedy: expect.stringContaining('logs -c runner') as string,
    })
  })

  it('is not waited for after a cancel', async ({ expect, space }) => {
    const clock = new FakeClock()
    const stop = new AbortController()
    const starter = createRunnerStarter(join(space.elsewhere, 'none'), { clock, secret: SECRET })
    const outcome = starter.start(runRequest(space), { ...LIMITS, signal: stop.signal })
    await until('a pause', async () => clock.sleeping > 0 || undefined)
    stop.abort(new Error('the job was deleted'))
    expect((await outcome).error).toMatchObject({ code: 'TASK_CANCELLED', message: expect.stringContaining('deleted') as string })
  })

  it('and comes back is found', async ({ expect, space }) => {
    const folder = await mkdtemp(join(tmpdir(), 'sbs-away-'))
    const socket = join(folder, 'socket')
    const outcome = createRunnerStarter(socket, { clock: systemClock, secret: SECRET }).start(runRequest(space), LIMITS)
    await new Promise((done) => setTimeout(done, 400))
    const runner = await startRunner(space.base, { socket })
    expect((await outcome).error).toBeUndefined()
    await runner.stop()
    await rm(folder, { recursive: true })
  })
})
