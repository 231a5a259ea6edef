import { mkdirSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fail } from '../../../core/errors.ts'
import type { DeliverRequest, FromTask } from '../../../core/task.ts'
import { uploaderModule, writeCollectors, writePlugin } from '../../support/plugins.ts'
import { canMount, smallDisk } from '../../support/small-disk.ts'
import { ended, makeWorkspace, pidIn, RUN, runRequest, runTask, spec, taskProgram, type Workspace } from '../../support/task.ts'

/** How the built task program ends when it has to: cancelled, killed, without a parent, on a full disk. */

let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

const FOREVER = 'await new Promise(() => setInterval(() => {}, 1000))'
const pidFile = (name: string) => join(space.elsewhere, `${name}.pid`)
/** A collector's code that tells which process it runs in. */
const tellPid = (name: string) =>
  `(await import('node:fs')).writeFileSync(${JSON.stringify(pidFile(name))}, String(process.pid));`
/** An entry that runs a command which tells its process and stays. */
const sleeper = () => ({
  run: { collectorName: 'sleeper', command: 'sh', args: ['-c', `echo $$ > ${pidFile('sleep')}; exec sleep 600`] },
})

const deliverRequest = (uploader: string): DeliverRequest => ({
  task: 'deliver',
  run: RUN,
  target: { uploader, config: {}, secrets: {} },
  bundle: { path: join(space.work, 'none'), fileName: 'x.tar.gz', size: 1, sha256: '' },
  state: undefined,
  timeoutMs: 300_000,
  pluginFolders: [space.plugins],
})

/** Cancels once the task said a step that begins with `step`. */
function cancelAt(step: string) {
  const stop = new AbortController()
  const onMessage = (message: FromTask) => {
    if (message.type === 'step' && message.name.startsWith(step))
      stop.abort(fail('TASK_CANCELLED', { reason: 'the job was deleted' }))
  }
  return { signal: stop.signal, onMessage }
}
const CANCELLED = { code: 'TASK_CANCELLED', exitCode: 130, message: 'the task was cancelled: the job was deleted' }

describe('a cancel', () => {
  it('gives collectors a moment, ends commands, and leaves nothing', async () => {
    await writeCollectors(space.plugins, {
      heeds: `try { ${tellPid('task')} await new Promise((_, reject) => context.signal.addEventListener('abort', () => reject(context.signal.reason))) } finally { console.log('cleaned up after', context.signal.reason.message) }`,
    })
    const request = runRequest(space, { specs: [spec({ collectors: [{ heeds: {} }], hostCollectors: [sleeper()] })] })
    const { signal, onMessage } = cancelAt('collecting heeds')
    const started = performance.now()
    const outcome = await runTask(request, { signal, onMessage })
    expect(outcome.result).toBeUndefined()
    expect(outcome.error).toMatchObject(CANCELLED)
    expect(outcome.text).toContain('cleaned up after the task was cancelled: the job was deleted')
    expect(performance.now() - started).toBeLessThan(4_500)
    await ended(await pidIn(pidFile('sleep')))
    expect(await readdir(space.work)).toEqual([])
  })

  it.each([
    ['before anything was collected', 'planning', `yield { type: 'file', path: 'x', format: 'text', body: 'x' }`],
    ['of a plug-in that does not care', 'collecting plug', FOREVER],
  ])('%s', async (_, step, body) => {
    await writeCollectors(space.plugins, { plug: body })
    const outcome = await runTask(runRequest(space, { specs: [spec({ collectors: [{ plug: {} }] })] }), cancelAt(step))
    expect(outcome.error).toMatchObject(CANCELLED)
    expect(await readdir(space.work)).toEqual([])
  })

  it('before the start does not start anything', async () => {
    await writeCollectors(space.plugins, { plug: tellPid('task') })
    const outcome = await runTask(runRequest(space, { specs: [spec({ collectors: [{ plug: {} }] })] }), {
      signal: AbortSignal.abort(new Error('too late')),
    })
    expect(outcome.error).toMatchObject({ code: 'TASK_CANCELLED', message: 'the task was cancelled: too late' })
    expect(outcome.messages).toEqual([])
    await expect(readFile(pidFile('task'))).rejects.toThrow('ENOENT')
  })
})

describe('a program that cannot be started', () => {
  it.each(['/nowhere/node', '/etc/passwd'])('%s is an error, not a crash', async (execPath) => {
    const { createTaskStarter } = await import('../../../agent/task-process.ts')
    const { systemClock } = await import('../../../core/clock.ts')
    const starter = createTaskStarter(
      { execPath, script: 'task.js', path: undefined, kill: (pid, signal) => void process.kill(pid, signal) },
      systemClock,
    )
    const outcome = await starter.start(runRequest(space), { timeoutMs: 5_000, memoryBytes: 2 ** 30, onText: () => undefined })
    expect(outcome.error).toMatchObject({ code: 'TASK_INTERRUPTED', message: expect.stringMatching(/ENOENT|EACCES/) })
  })

  it('a program that says nothing and ends is an interruption', async () => {
    const { createTaskStarter } = await import('../../../agent/task-process.ts')
    const { systemClock } = await import('../../../core/clock.ts')
    const starter = createTaskStarter(
      { execPath: '/bin/true', script: undefined, path: undefined, kill: (pid, signal) => void process.kill(pid, signal) },
      systemClock,
    )
    const outcome = await starter.start(runRequest(space), { timeoutMs: 5_000, memoryBytes: 2 ** 30 })
    expect(outcome.error?.message).toBe('the task ended without a result (exit code 0) during start')
  })
})

if (!canMount) console.warn('SKIPPED: the tests of a full disk need root and mount(8)')

describe.skipIf(!canMount)('a full disk', () => {
  let unmount: (() => void) | undefined
  afterEach(() => unmount?.())

  const NOISE = `Buffer.from(Array.from({ length: 20_000 }, () => Math.random().toString(36).slice(2)).join('\\n'))`
  const HANGS = { hangs: FOREVER }
  it.each([
    [
      'while an output is staged',
      '4m',
      `yield { type: 'file', path: 'x', format: 'text', body: async function* () { for (;;) yield Buffer.alloc(65536, 'a\\n') } }`,
      'staged outputs',
    ],
    [
      'while the archive is written',
      '1m',
      `for (let n = 0; ; n++) yield { type: 'file', path: 'x/' + n, format: 'text', body: ${NOISE} }`,
      'the bundle',
    ],
    [
      'only when the archive is closed',
      '4k',
      `yield { type: 'file', path: 'x', format: 'text', body: Array.from({ length: 2000 }, (_, n) => Math.sin(n)).join(',') }`,
      'the bundle',
    ],
  ])('%s', async (_, size, body, what) => {
    unmount = smallDisk(space.work, size)
    const hangs = what === 'the bundle' && size === '4k' ? {} : HANGS
    await writeCollectors(space.plugins, { fills: body, ...hangs })
    const entries = ['fills', ...Object.keys(hangs)].map((key) => ({ [key]: {} }))
    const started = performance.now()
    const outcome = await runTask(runRequest(space, { specs: [spec({ collectors: entries })], timeoutMs: 25_000 }))
    expect(outcome.error).toMatchObject({
      code: 'DISK_FULL',
      message: `no space left for ${what}`,
      remedy: expect.stringContaining(space.work),
    })
    // one that hangs is not waited for
    expect(performance.now() - started).toBeLessThan(8_000)
    expect(await readdir(space.work)).toEqual([])
    expect(outcome.text).not.toContain('nobody waits')
  })

  it('from the beginning, and a work folder that is not there', async () => {
    unmount = smallDisk(space.work, '4k')
    await writeFile(join(space.work, 'filler'), Buffer.alloc(4096))
    await writeCollectors(space.plugins, { small: `yield { type: 'file', path: 'x', format: 'text', body: 'x' }` })
    const specs = [spec({ collectors: [{ small: {} }] })]
    expect((await runTask(runRequest(space, { specs }))).error).toMatchObject({ code: 'DISK_FULL' })
    expect(await readdir(space.work)).toEqual(['filler'])
    const gone = await runTask(runRequest(space, { specs, workFolder: join(space.work, 'gone') }))
    expect(gone.error).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('ENOENT') })
  })
})

describe('the other tasks', () => {
  it('list what did not load, with its reason', async () => {
    await writePlugin(space.plugins, 'uploaders', 'bad', 'throw new Error("bad day")')
    await writePlugin(space.plugins, 'uploaders', 'good', uploaderModule('good', ''))
    const outcome = await taskProgram().start(
      { task: 'plugins', pluginFolders: [space.plugins] },
      { timeoutMs: 10_000, memoryBytes: 2 ** 30 },
    )
    expect(outcome.result?.problems).toMatchObject([{ code: 'PLUGIN_NOT_LOADED', message: expect.stringContaining('bad day') }])
    const names = outcome.result?.plugins.map(({ name }) => name)
    expect(names).toContain('good')
    expect(names).toContain('host-copy')
    expect(names).not.toContain('bad')
  })

  it('deliver the built-in way, twice the same', async () => {
    const target = join(space.elsewhere, 'target')
    mkdirSync(target)
    const made = await runTask(runRequest(space))
    const { path, fileName, bytes, sha256 } = made.result?.archive ?? (fail('INTERNAL', { reason: '' }) as never)
    const request: DeliverRequest = {
      ...deliverRequest('local'),
      target: { uploader: 'local', config: { path: target }, secrets: {} },
      bundle: { path, fileName, size: bytes, sha256 },
    }
    for (let time = 0; time < 2; time++) {
      const outcome = await taskProgram().start(request, { timeoutMs: 10_000, memoryBytes: 2 ** 30 })
      expect(outcome.result?.error).toBeUndefined()
      expect(outcome.result?.receipt).toMatchObject({
        size: bytes,
        verified: true,
        location: expect.stringMatching(/^file:\/\/.*nightly/),
      })
    }
    expect(await readdir(join(target, 'nightly'))).toEqual([fileName])
  })
})
