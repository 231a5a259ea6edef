import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHost } from '../../../agent/task/host.ts'
import { serveTask, type TaskEdge } from '../../../agent/task/serve.ts'
import { systemClock } from '../../../core/clock.ts'
import { encodeMessage, type FromTask, type TaskRequest, type ToTask } from '../../../core/task.ts'
import { FakeClock, settle } from '../../support/clock.ts'
import { uploaderModule, writeCollectors, writePlugin } from '../../support/plugins.ts'
import { makeWorkspace, runRequest, spec, TASK_SCRIPT, type Workspace } from '../../support/task.ts'

/** The task program without a process: what it is told, what it says, how it ends. */

let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

/** Input that stays open until it is closed. */
function inputOf(...messages: (ToTask | string)[]) {
  const lines = messages.map((message) => (typeof message === 'string' ? message : encodeMessage(message)))
  let isClosed = false
  let wake = () => {}
  async function* input() {
    for (;;) {
      for (const line of lines.splice(0)) yield Buffer.from(line)
      if (isClosed) return
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  return {
    input: input(),
    send: (message: ToTask) => (lines.push(encodeMessage(message)), wake()),
    close: () => ((isClosed = true), wake()),
  }
}
const start = (request: TaskRequest): ToTask => ({ type: 'start', request })

function serve(input: AsyncIterable<Uint8Array>, change: Partial<TaskEdge> = {}) {
  const said: FromTask[] = []
  const foreign: string[] = []
  const quiet = () => undefined
  const code = serveTask({
    input,
    say: (message) => void said.push(message),
    libFolder: join(TASK_SCRIPT, '..'),
    clock: systemClock,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    version: '0.0.0-test',
    platform: 'linux',
    host: (signal) => createHost({ root: '/', platform: 'linux', env: {}, clock: systemClock, signal }),
    cpuMs: () => 0,
    random: () => 0.5,
    beforeForeignCode: () => void foreign.push('told'),
    guardNetwork: () => undefined,
    onRenewed: () => undefined,
    ...change,
  })
  return { code, said, foreign }
}
const last = (said: FromTask[]) => said.at(-1)

describe('what it is told', () => {
  it.each([
    ['nothing', []],
    ['a cancel first', [{ type: 'cancel', reason: 'x', graceMs: 1 } as const]],
  ])('%s: it ends', async (_, messages) => {
    const { input, close } = inputOf(...messages)
    close()
    const { code, said } = serve(input)
    expect(await code).toBe(1)
    expect(said).toEqual([])
  })

  it.each(['what?\n', '{"type":"start","request":{"task":"sing"}}\n', 'x'.repeat(9 * 1024 * 1024)])(
    'what it does not understand is a problem, not a crash',
    async (text) => {
      const { input, close } = inputOf(text)
      close()
      const { code, said } = serve(input)
      expect(await code).toBe(1)
      expect(said).toMatchObject([{ type: 'failed', problem: { code: 'TASK_PROTOCOL' } }])
    },
  )
})

describe('a run', () => {
  it('says its steps and outputs, and is done', async () => {
    const { input } = inputOf(start(runRequest(space, { tokenKey: 'ab'.repeat(32) })))
    const { code, said } = serve(input)
    expect(await code).toBe(0)
    expect(said.map(({ type }) => type)).toEqual(['step', 'step', 'progress', 'output', 'step', 'done'])
    expect(said.filter(({ type }) => type === 'step')).toEqual(
      ['planning', 'collecting data', 'closing the bundle'].map((name) => ({ type: 'step', name })),
    )
  })

  it('tells of third-party code before it is imported, and not without', async () => {
    await writeCollectors(space.plugins, { own: '' })
    const one = serve(inputOf(start(runRequest(space))).input)
    await one.code
    expect(one.foreign).toEqual([])
    const two = serve(
      inputOf(start(runRequest(space, { fileName: 'two.tar.gz', specs: [spec({ collectors: [{ own: {} }] })] }))).input,
    )
    await two.code
    expect(two.foreign).toEqual(['told'])
  })

  it('of a spec without anything that can be collected is refused, with the reasons', async () => {
    const specs = [
      spec({
        collectors: [
          { dta: { name: 'x' } },
          { data: { nme: 'x', data: 'x' } },
          { data: { name: 'x', data: 'x', exclude: true } },
        ],
      }),
    ]
    const { code, said } = serve(inputOf(start(runRequest(space, { specs }))).input)
    expect(await code).toBe(1)
    expect(last(said)).toMatchObject({
      type: 'failed',
      problem: {
        code: 'SPEC_EMPTY',
        message: expect.stringMatching(/no collector "dta".*did you mean "data".*collector "data": /),
      },
    })
    expect(await readdir(space.work)).toEqual([])
  })

  it('of a document that is none is refused', async () => {
    const { said, code } = serve(inputOf(start(runRequest(space, { specs: [{ kind: 'Pod' }] }))).input)
    expect(await code).toBe(1)
    expect(last(said)).toMatchObject({ type: 'failed', problem: { code: 'SPEC_INVALID' } })
  })

  it('shows no secret when it fails', async () => {
    const specs = [{ apiVersion: 'troubleshoot.sh/v1beta2', kind: 'password=hunter2hunter2', spec: {} }]
    const { said, code } = serve(inputOf(start(runRequest(space, { specs }))).input)
    expect(await code).toBe(1)
    expect(last(said)).toMatchObject({ type: 'failed' })
    expect(JSON.stringify(said)).not.toContain('hunter2')
  })
})

describe('a cancel', () => {
  it('of work that does not care ends it after 3 s, and not before', async () => {
    const clock = new FakeClock()
    await writePlugin(space.plugins, 'uploaders', 'hangs', uploaderModule('hangs', 'await new Promise(() => {})'))
    const request: TaskRequest = {
      task: 'deliver',
      run: runRequest(space).run,
      target: { uploader: 'hangs', config: {}, secrets: {} },
      bundle: { path: 'x', fileName: 'x', size: 1, sha256: '' },
      timeoutMs: 600_000,
      pluginFolders: [space.plugins],
    }
    for (const end of ['cancel', 'close'] as const) {
      const { input, send, close } = inputOf(start(request))
      const { code, said } = serve(input, { clock })
      await until(() => said.some((message) => message.type === 'step' && message.name.startsWith('loading')))
      if (end === 'cancel') send({ type: 'cancel', reason: 'job deleted', graceMs: 5000 })
      else close()
      await settle()
      await clock.advance(2_900)
      expect(last(said)?.type).toBe('step')
      await clock.advance(200)
      expect(await code).toBe(1)
      const reason = end === 'cancel' ? 'job deleted' : 'the parent is gone'
      expect(last(said)).toMatchObject({
        type: 'failed',
        problem: { code: 'TASK_CANCELLED', message: `the task was cancelled: ${reason}` },
      })
    }
  })
})

describe('a task that its parent must renew', () => {
  const at = '2026-01-01T00:00:00Z'
  const alive = (forMs: number, sentAt: Date): ToTask => ({ type: 'alive', forMs, sentAt: sentAt.toISOString() })

  async function begin() {
    const clock = new FakeClock(at)
    await writePlugin(
      space.plugins,
      'uploaders',
      'hangs',
      uploaderModule('hangs', `context.log.info({}, 'begun'); await new Promise(() => {})`),
    )
    const request: TaskRequest = {
      task: 'deliver',
      run: runRequest(space).run,
      target: { uploader: 'hangs', config: {}, secrets: {} },
      bundle: { path: 'x', fileName: 'x', size: 1, sha256: '' },
      timeoutMs: 600_000,
      pluginFolders: [space.plugins],
    }
    const talk = inputOf(start(request))
    const renewed: number[] = []
    const logged: string[] = []
    const note = (_: object, text: string) => void logged.push(text)
    const log = { debug: note, info: note, warn: note, error: note }
    const served = serve(talk.input, { clock, log, onRenewed: (forMs) => void renewed.push(forMs) })
    await until(() => logged.includes('begun'))
    return { ...talk, ...served, clock, renewed }
  }
  const ENDED = {
    type: 'failed',
    problem: { code: 'TASK_CANCELLED', message: 'the task was cancelled: the agent no longer says that it leads' },
  }

  it('ends when its time is over, and not before; each renewal counts anew', async () => {
    const { clock, send, said, code, renewed } = await begin()
    send(alive(10_000, clock.now()))
    await settle()
    await clock.advance(9_000)
    send(alive(10_000, clock.now()))
    await settle()
    await clock.advance(9_900)
    expect(last(said)?.type).toBe('step')
    await clock.advance(3_200)
    expect(await code).toBe(1)
    expect(last(said)).toMatchObject(ENDED)
    expect(renewed).toEqual([10_000, 10_000])
  })

  it('takes what comes late for what it was', async () => {
    const { clock, send, said, code, renewed } = await begin()
    send(alive(10_000, new Date(clock.now().getTime() - 8_000)))
    await settle()
    await clock.advance(1_900)
    expect(last(said)?.type).toBe('step')
    await clock.advance(3_200)
    expect(await code).toBe(1)
    expect(last(said)).toMatchObject(ENDED)
    expect(renewed).toEqual([2_000])
  })

  it('is not ended by a clock that was set back', async () => {
    const { clock, send, said } = await begin()
    clock.jump(-3_600_000)
    send(alive(10_000, new Date(at)))
    await settle()
    await clock.advance(9_900)
    expect(last(said)?.type).toBe('step')
    await clock.advance(4_000)
    expect(last(said)).toMatchObject(ENDED)
  })
})

describe('the state of an uploader', () => {
  const BODY = `
    try { await context.state.set({ part: 1 }); context.log.info({}, 'set') }
    catch (error) { context.log.info({}, error.message); throw error }
    return { location: 'far://away', size: bundle.size, checksum: undefined, verified: true }`

  async function uploading() {
    await writePlugin(space.plugins, 'uploaders', 'sets', uploaderModule('sets', BODY))
    const request: TaskRequest = {
      task: 'deliver',
      run: runRequest(space).run,
      target: { uploader: 'sets', config: {}, secrets: {} },
      bundle: { path: 'x', fileName: 'x', size: 1, sha256: '' },
      timeoutMs: 600_000,
      pluginFolders: [space.plugins],
    }
    const logged: string[] = []
    const note = (_: object, text: string) => void logged.push(text)
    const log = { debug: note, info: note, warn: note, error: note }
    const talk = inputOf(start(request))
    const served = serve(talk.input, { log })
    await until(() => served.said.some(({ type }) => type === 'state'))
    await settle()
    expect(logged).toEqual([])
    return { ...talk, ...served, logged }
  }

  it('is set when the parent has it', async () => {
    const { send, code, said, logged } = await uploading()
    expect(said.at(-1)).toEqual({ type: 'state', value: { part: 1 }, id: 1 })
    send({ type: 'kept', id: 1 })
    expect(await code).toBe(0)
    expect(logged).toEqual(['set'])
    expect(last(said)).toMatchObject({ type: 'done', result: { receipt: { location: 'far://away' } } })
  })

  it('that the parent could not keep fails the try', async () => {
    const { send, code, said } = await uploading()
    send({ type: 'kept', id: 1, problem: { code: 'DISK_FULL', message: 'no space left', remedy: 'free some' } })
    expect(await code).toBe(0)
    const error = { class: 'retryable', message: expect.stringContaining('no space left') as string, remedy: 'free some' }
    expect(last(said)).toMatchObject({ type: 'done', result: { error } })
  })

  it('is not waited for after a cancel', async () => {
    const { send, code, logged } = await uploading()
    send({ type: 'cancel', reason: 'job deleted', graceMs: 5000 })
    expect(await code).toBe(0)
    expect(logged).toEqual(['the task was cancelled: job deleted'])
  })
})

describe('a machine that is only mounted', () => {
  it('is read through its root, and its secrets are masked', async () => {
    const root = await mkdtemp(join(tmpdir(), 'sbs-root-'))
    const write = async (path: string, content: string) => {
      await mkdir(join(root, path, '..'), { recursive: true })
      await writeFile(join(root, path), content)
    }
    const planted = (name: string) => `password=pl4nted-${name}`
    await write('/proc/cpuinfo', `processor : 0\nflags : fpu ${planted('cpu')}\n\nprocessor : 1\nflags : fpu\n`)
    await write('/proc/sys/kernel/arch', 'x86_64\n')
    await write('/proc/meminfo', 'MemTotal: 2048 kB\n')
    await write('/proc/modules', `${planted('module')} 10 1 - Live 0x0\n`)
    await write('/proc/sys/kernel/osrelease', `6.1.0-${planted('release')}\n`)
    await write('/etc/hostname', `${planted('host')}\n`)
    await write('/etc/os-release', `ID=debian\nVERSION_ID="12"\nPRETTY_NAME="${planted('os')}"\n`)
    await write('/etc/timezone', `${planted('zone')}\n`)
    await write('/etc/app/app.conf', `${planted('copy')}\n`)
    const keys = ['cpu', 'memory', 'hostOS', 'kernelModules', 'time', 'ipv4Interfaces', 'hostServices']
    const hostCollectors = [
      ...keys.map((key) => ({ [key]: {} })),
      { copy: { path: '/etc/app/*' } },
      { run: { command: 'true' } },
      { diskUsage: { path: '/etc' } },
    ]
    const { code, said } = serve(inputOf(start(runRequest(space, { specs: [spec({ hostCollectors })] }))).input, {
      host: (signal) => createHost({ root, platform: 'linux', env: {}, clock: systemClock, signal }),
    })
    expect(await code).toBe(0)
    const archive = gunzipSync(await readFile(join(space.work, runRequest(space).fileName))).toString()
    expect([...archive.matchAll(/.{0,40}pl4nted.{0,20}/gi)].map(([text]) => text)).toEqual([])
    expect(JSON.stringify(said)).not.toMatch(/pl4nted/i)
    const outputs = said.flatMap((message) => (message.type === 'output' ? [message.path.split('/').at(-1)] : []))
    expect(outputs).toEqual(
      expect.arrayContaining([
        'cpu.json',
        'memory.json',
        'hostos_info.json',
        'kernel_modules.json',
        'time.json',
        'app.conf',
        'diskUsage.json',
      ]),
    )
    for (const path of ['cpu.json', 'hostos_info.json', 'kernel_modules.json', 'app.conf'])
      expect(archive.split(path)[1]?.slice(0, 2000)).toContain('***HIDDEN***')
    await rm(root, { recursive: true, force: true })
  })
})

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000 && !isSo(); tries++) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(isSo()).toBe(true)
}
