import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { StartOptions, TaskStarter } from '../../../agent/task-process.ts'
import { fail } from '../../../core/errors.ts'
import type { DeliverRequest, FromTask, RunRequest } from '../../../core/task.ts'
import { type RunnerProcess, startRunner } from '../../support/runner.ts'
import { uploaderModule, writeCollectors, writePlugin } from '../../support/plugins.ts'
import { makeWorkspace, RUN, runRequest, spec, taskProgram, unpack, type Workspace } from '../../support/task.ts'

/** What every way to start tasks promises, with the built programs: as a child process, and behind a runner. */

const MIB = 2 ** 20
let runner: RunnerProcess
beforeAll(async () => void (runner = await startRunner(tmpdir())))
afterAll(() => runner.stop())
let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

const STARTERS: [string, () => TaskStarter][] = [
  ['a child process', () => taskProgram()],
  ['a runner', () => runner.starter()],
]

describe.each(STARTERS)('a task of %s', (_, starter) => {
  async function start(request: RunRequest | DeliverRequest, change: Partial<StartOptions> = {}) {
    const messages: FromTask[] = []
    let text = ''
    const options: StartOptions = {
      timeoutMs: 20_000,
      memoryBytes: 1024 * MIB,
      onText: (piece) => void (text += piece),
      ...change,
    }
    const onMessage = (message: FromTask) => {
      messages.push(message)
      change.onMessage?.(message)
    }
    const outcome = await starter().start<'run' | 'deliver'>(request, { ...options, onMessage })
    return { ...outcome, messages, text, types: messages.map(({ type }) => type) }
  }
  const collecting = async (body: string, change?: Partial<StartOptions>) => {
    await writeCollectors(space.plugins, { own: body })
    return start(runRequest(space, { specs: [spec({ collectors: [{ own: {} }] })] }), change)
  }

  it('is done, and its bundle is where it said', async () => {
    const { result, error, types, peakRssBytes } = await start(runRequest(space, { tokenKey: 'ab'.repeat(32) }))
    expect(error).toBeUndefined()
    const { archive } = result as { archive: { path: string } }
    expect((await unpack(archive.path)).paths).toContain('kept/kept.txt')
    expect(types).toEqual(['step', 'step', 'progress', 'output', 'step', 'done'])
    expect(peakRssBytes).toBeGreaterThan(10 * MIB)
  })

  it('fails with a problem, its remedy and its class', async () => {
    const { result, error } = await start(runRequest(space, { specs: [spec({ collectors: [{ nothing: {} }] })] }))
    expect(result).toBeUndefined()
    expect(error).toMatchObject({ code: 'SPEC_EMPTY', exitCode: 2, remedy: expect.any(String) as string })
  })

  it('crashes: an interruption that names how, and the step', async () => {
    const { error } = await collecting(`process.kill(process.pid, 'SIGSEGV'); await new Promise(() => setInterval(() => {}, 9))`)
    expect(error).toMatchObject({
      code: 'TASK_INTERRUPTED',
      message: 'the task ended without a result (SIGSEGV) during collecting own',
    })
  })

  it('exits without a word: an interruption', async () => {
    const { error } = await collecting('process.exit(3)')
    expect(error).toMatchObject({ code: 'TASK_INTERRUPTED', message: expect.stringContaining('exit code 3') as string })
  })

  it('that leaks Buffers is ended above its memory', async () => {
    const { error, peakRssBytes } = await collecting(
      `const held = []; for (;;) { held.push(Buffer.alloc(${4 * MIB}, 1)); await new Promise((done) => setTimeout(done, 5)) }`,
      { memoryBytes: 200 * MIB },
    )
    expect(error).toMatchObject({ code: 'TASK_MEMORY', message: expect.stringContaining('at most 200 MiB') as string })
    expect(error?.message).toContain('during collecting own')
    expect(peakRssBytes).toBeGreaterThan(200 * MIB)
    expect(peakRssBytes).toBeLessThan(800 * MIB)
  })

  it('that blocks is ended after its time', async () => {
    const { error } = await collecting('for (;;) {}', { timeoutMs: 1_500 })
    expect(error).toMatchObject({
      code: 'TASK_TIMED_OUT',
      exitCode: 6,
      message: expect.stringContaining('collecting own') as string,
    })
  })

  it('that is stopped is ended after its time', async () => {
    const { error } = await collecting(`process.kill(process.pid, 'SIGSTOP'); for (;;) {}`, { timeoutMs: 1_500 })
    expect(error).toMatchObject({ code: 'TASK_TIMED_OUT' })
  })

  it('is cancelled, and may clear up', async () => {
    const stop = new AbortController()
    const { error, text } = await collecting(
      `try { await new Promise((_, no) => context.signal.addEventListener('abort', () => no(context.signal.reason))) }
       finally { console.log('cleared up after:', context.signal.reason.message) }`,
      {
        signal: stop.signal,
        onMessage(message) {
          if (message.type === 'step' && message.name === 'collecting own')
            stop.abort(fail('TASK_CANCELLED', { reason: 'the job was deleted' }))
        },
      },
    )
    expect(error).toMatchObject({ code: 'TASK_CANCELLED', message: 'the task was cancelled: the job was deleted' })
    expect(text).toContain('cleared up after: the task was cancelled: the job was deleted')
  })

  it('is not begun after a cancel', async () => {
    const { error, types } = await start(runRequest(space), { signal: AbortSignal.abort(new Error('too late')) })
    expect(error).toMatchObject({ code: 'TASK_CANCELLED', message: 'the task was cancelled: too late' })
    expect(types).toEqual([])
  })

  it('is heard on stdout and stderr, line by line, redacted', async () => {
    const { text } = await collecting(`
      process.stdout.write('one li'); process.stdout.write('ne of stdout ✓\\n')
      console.error('password=hunter2hunter2')
      yield { type: 'file', path: 'x', format: 'text', body: 'x' }`)
    expect(text).toContain('one line of stdout ✓\n')
    expect(text).toContain('password=')
    expect(text).not.toContain('hunter2')
  })

  it('may print more than anybody reads', async () => {
    const { result, text } = await collecting(`
      for (let line = 0; line < 40_000; line++) console.log('x'.repeat(100))
      yield { type: 'file', path: 'x', format: 'text', body: 'x' }`)
    expect(result).toBeDefined()
    expect(text).toContain('all further output was left out')
  })

  it('understands what is large, and is understood', async () => {
    const data = '🧵 é\n'.repeat(400_000)
    const collectors = [{ data: { name: 'big', collectorName: 'big.txt', data } }]
    await writeCollectors(space.plugins, {
      many: `for (let n = 0; n < 5000; n++) yield { type: 'file', path: 'many/' + n, format: 'text', body: String(n) }`,
    })
    const { result, messages } = await start(runRequest(space, { specs: [spec({ collectors: [...collectors, { many: {} }] })] }))
    const { archive } = result as { archive: { path: string } }
    const bundle = await unpack(archive.path)
    expect(await bundle.read('big/big.txt')).toBe(data)
    expect(bundle.paths.filter((path) => path.startsWith('many/'))).toHaveLength(5_000)
    expect(messages.map((message) => message.type)).toContain('output')
  })

  it('hands over a state, and goes on when it is kept', async () => {
    const bundle = join(space.work, 'bundle.tar.gz')
    await writeFile(bundle, '12345')
    await writePlugin(
      space.plugins,
      'uploaders',
      'own',
      uploaderModule(
        'own',
        `console.log('first')
         await context.state.set({ mayBeVisible: true })
         let bytes = 0
         for await (const chunk of bundle.open()) bytes += chunk.length
         return { location: 'far://away', size: bytes, checksum: undefined, verified: true }`,
      ),
    )
    const request: DeliverRequest = {
      task: 'deliver',
      run: RUN,
      target: { uploader: 'own', config: {}, secrets: {} },
      bundle: { path: bundle, fileName: 'x.tar.gz', size: 5, sha256: '' },
      timeoutMs: 20_000,
      pluginFolders: [space.plugins],
    }
    const log: string[] = []
    const { result, error } = await start(request, {
      onState: async (value) => {
        log.push(`begins ${JSON.stringify(value)}`)
        await new Promise((resolve) => setTimeout(resolve, 200))
        log.push('kept')
      },
      onMessage: (message) => void (message.type === 'done' && log.push('done')),
    })
    expect(error).toBeUndefined()
    expect(result).toMatchObject({ receipt: { location: 'far://away', size: 5 } })
    expect(log).toEqual(['begins {"mayBeVisible":true}', 'kept', 'done'])
  })

  it('ends by itself when its time is not renewed, and goes on as long as it is', async () => {
    const waits = `await new Promise((yes, no) => { setTimeout(yes, 1500); context.signal.addEventListener('abort', () => no(context.signal.reason)) })
      yield { type: 'file', path: 'x', format: 'text', body: 'x' }`
    const renewed = await collecting(waits, {
      renewals: (renew) => {
        renew(1_000)
        const timer = setInterval(() => renew(1_000), 200)
        return () => clearInterval(timer)
      },
    })
    expect(renewed.error).toBeUndefined()
    expect(renewed.result).toMatchObject({ archive: { isPartial: false } })
    const { result, error } = await start(
      runRequest(space, { fileName: 'two.tar.gz', specs: [spec({ collectors: [{ own: {} }] })] }),
      { renewals: (renew) => (renew(500), () => undefined) },
    )
    expect(result).toBeUndefined()
    expect(error).toMatchObject({
      code: 'TASK_CANCELLED',
      message: 'the task was cancelled: the agent no longer says that it leads',
    })
  })
})
