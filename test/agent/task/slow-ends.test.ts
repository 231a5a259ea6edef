import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, it as plain } from 'vitest'
import { fail } from '../../../core/errors.ts'
import type { DeliverRequest, FromTask, TaskRequest } from '../../../core/task.ts'
import { collectorModule, uploaderModule, writeCollectors, writePlugin } from '../../support/plugins.ts'
import {
  ended,
  makeWorkspace,
  mustHave,
  pidIn,
  RUN,
  runRequest,
  runTask,
  spec,
  unpack,
  until,
  type Workspace,
} from '../../support/task.ts'

/** Ends of the task program that take seconds, because somebody has to be waited for. Side by side, each in its own folders. */

const it = plain.extend<{ space: Workspace }>({
  // eslint-disable-next-line no-empty-pattern
  space: async ({}, use) => {
    const space = await makeWorkspace()
    await use(space)
    await space.remove()
  },
})

const FOREVER = 'await new Promise(() => setInterval(() => {}, 1000))'
const pidFile = (space: Workspace, name: string) => join(space.elsewhere, `${name}.pid`)
/** A plug-in's code that tells which process it runs in. */
const tellPid = (space: Workspace) =>
  `(await import('node:fs')).writeFileSync(${JSON.stringify(pidFile(space, 'task'))}, String(process.pid));`
/** Entries that run commands which tell their process and stay; the second is two processes deep. */
const sleepers = (space: Workspace) =>
  [`echo $$ > ${pidFile(space, 'sleep')}; exec sleep 600`, `sleep 600 & echo $! > ${pidFile(space, 'nested')}; wait`].map(
    (script, index) => ({
      run: { collectorName: `sleeper${index}`, command: 'sh', args: ['-c', script] },
    }),
  )
const pidsIn = (space: Workspace, ...names: string[]) => Promise.all(names.map((name) => pidIn(pidFile(space, name))))
const specOf = (...keys: string[]) => [spec({ collectors: keys.map((key) => ({ [key]: {} })) })]

/** A parent that can be killed with nothing else. */
async function startParent(space: Workspace, request: TaskRequest): Promise<ChildProcess> {
  const file = join(space.elsewhere, 'request.json')
  await writeFile(file, JSON.stringify(request))
  return spawn(process.execPath, [resolve(import.meta.dirname, 'parent.ts'), file], { stdio: 'inherit' })
}

/** Cancels once the task said a step that begins with `step`. */
function cancelAt(step: string) {
  const stop = new AbortController()
  const onMessage = (message: FromTask) => {
    if (message.type === 'step' && message.name.startsWith(step))
      stop.abort(fail('TASK_CANCELLED', { reason: 'the job was deleted' }))
  }
  return { signal: stop.signal, onMessage }
}

describe.concurrent('without its parent, the task', { timeout: 60_000 }, () => {
  it('ends soon, with its commands and what they started, and clears up', async ({ space, expect }) => {
    await writeCollectors(space.plugins, {
      waits: `${tellPid(space)} yield { type: 'file', path: 'waits/large', format: 'text', body: async function* () { yield Buffer.alloc(3e6, 'x\\n'); ${FOREVER} } }`,
      talks: `for (;;) { console.error('still here'); await new Promise((done) => setTimeout(done, 20)) }`,
    })
    const specs = [spec({ collectors: [{ waits: {} }, { talks: {} }], hostCollectors: sleepers(space) })]
    const parent = await startParent(space, runRequest(space, { specs, timeoutMs: 300_000 }))
    const pids = await pidsIn(space, 'task', 'sleep', 'nested')
    await until('something in the work folder', async () => (await readdir(space.work)).length > 0 || undefined)
    parent.kill('SIGKILL')
    for (const pid of pids) await ended(pid)
    expect(await readdir(space.work)).toEqual([])
  })

  it('ends even when a plug-in blocks everything', async ({ space }) => {
    await writeCollectors(space.plugins, { blocks: `${tellPid(space)} for (;;) {}` })
    const specs = [spec({ collectors: [{ blocks: {} }], hostCollectors: sleepers(space).slice(0, 1) })]
    const parent = await startParent(space, runRequest(space, { specs, timeoutMs: 300_000 }))
    const pids = await pidsIn(space, 'task', 'sleep')
    parent.kill('SIGKILL')
    for (const pid of pids) await ended(pid)
  })

  it('ends when an uploader does not care', async ({ space }) => {
    await writePlugin(space.plugins, 'uploaders', 'hangs', uploaderModule('hangs', `${tellPid(space)} ${FOREVER}`))
    const request: DeliverRequest = {
      task: 'deliver',
      run: RUN,
      target: { uploader: 'hangs', config: {}, secrets: {} },
      bundle: { path: join(space.work, 'none'), fileName: 'x.tar.gz', size: 1, sha256: '' },
      timeoutMs: 300_000,
      pluginFolders: [space.plugins],
    }
    const parent = await startParent(space, request)
    const [pid = 0] = await pidsIn(space, 'task')
    parent.kill('SIGKILL')
    await ended(pid)
  })
})

describe.concurrent('a cancel', { timeout: 60_000 }, () => {
  const CANCELLED = { code: 'TASK_CANCELLED', exitCode: 130, message: 'the task was cancelled: the job was deleted' }

  it('of a plug-in that blocks everything', async ({ space, expect }) => {
    await writeCollectors(space.plugins, { blocks: 'for (;;) {}' })
    expect((await runTask(runRequest(space, { specs: specOf('blocks') }), cancelAt('collecting blocks'))).error).toMatchObject(
      CANCELLED,
    )
  })

  it('of a plug-in whose import never ends', async ({ space, expect }) => {
    await writePlugin(space.plugins, 'collectors', 'plug', FOREVER)
    expect((await runTask(runRequest(space, { specs: specOf('plug') }), cancelAt('loading'))).error).toMatchObject(CANCELLED)
  })
})

describe.concurrent('killed by its parent, the task', { timeout: 60_000 }, () => {
  it('takes its commands along, and what they started', async ({ space, expect }) => {
    const files = ['sleep', 'nested'].map((name) => pidFile(space, name))
    await writeCollectors(space.plugins, {
      // once the commands are there
      blocks: `const { existsSync } = await import('node:fs')
        while (!${JSON.stringify(files)}.every((file) => existsSync(file))) await new Promise((done) => setTimeout(done, 20))
        for (;;) {}`,
    })
    const specs = [spec({ collectors: [{ blocks: {} }], hostCollectors: sleepers(space) })]
    const outcome = await runTask(runRequest(space, { specs }), { timeoutMs: 4_000 })
    expect(outcome.error).toMatchObject({ code: 'TASK_TIMED_OUT', exitCode: 6 })
    for (const pid of await pidsIn(space, 'sleep', 'nested')) await ended(pid)
  })

  it('is named by the step in which it blocked', async ({ space, expect }) => {
    await writeCollectors(space.plugins, { blocks: 'for (;;) {}' })
    const outcome = await runTask(runRequest(space, { specs: specOf('blocks'), timeoutMs: 500 }), { timeoutMs: 3_000 })
    expect(outcome.error).toMatchObject({
      code: 'TASK_TIMED_OUT',
      message: 'the task was ended after its 3 s, during collecting blocks',
    })
  })
})

describe.concurrent('a bundle is not lost', { timeout: 60_000 }, () => {
  const FILE = (name: string) => `yield { type: 'file', path: '${name}/x', format: 'text', body: 'x' }`

  it('to a plug-in whose import never ends', async ({ space, expect }) => {
    await writePlugin(space.plugins, 'collectors', 'never', `${FOREVER}\n${collectorModule('never', '')}`)
    await writeCollectors(space.plugins, { sound: FILE('sound') })
    const result = mustHave(await runTask(runRequest(space, { specs: specOf('never', 'sound'), timeoutMs: 40_000 })))
    const bundle = await unpack(result.archive.path)
    expect(bundle.paths).toContain('sound/x')
    const { collectors } = await bundle.report()
    expect(collectors.find(({ key }) => key === 'never')).toMatchObject({
      error: { code: 'PLUGIN_NOT_LOADED', message: expect.stringContaining('10 s') },
    })
  })

  it('to a handler of its end that never ends', async ({ space, expect }) => {
    await writeCollectors(space.plugins, { clinger: `process.on('exit', () => { for (;;) {} }); ${FILE('clinger')}` })
    const result = mustHave(await runTask(runRequest(space, { specs: specOf('clinger') })))
    expect((await unpack(result.archive.path)).paths).toContain('clinger/x')
  })

  it('to a process that left the group and holds the pipes', async ({ space, expect }) => {
    await writeCollectors(space.plugins, {
      holder: `
        const { spawn } = await import('node:child_process')
        const child = spawn('sleep', ['40'], { stdio: 'inherit', detached: true })
        child.unref()
        ;(await import('node:fs')).writeFileSync(${JSON.stringify(pidFile(space, 'holder'))}, String(child.pid))
        ${FILE('holder')}`,
    })
    const started = performance.now()
    const result = mustHave(await runTask(runRequest(space, { specs: specOf('holder') })))
    expect(performance.now() - started).toBeLessThan(30_000)
    expect(result.archive.isPartial).toBe(false)
    // what a plug-in detaches on purpose is its own
    const [pid = 0] = await pidsIn(space, 'holder')
    process.kill(pid, 'SIGKILL')
  })
})
