import { execFileSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collectorModule, writeCollectors, writePlugin } from '../support/plugins.ts'
import { ended, makeWorkspace, mustHave, pidIn, runRequest, runTask, spec, unpack, type Workspace } from '../support/task.ts'

/**
 * The real, built task program as a child process, with plug-ins that misbehave. Each costs what is its own, has one clear
 * problem, and nothing else: the rest of the bundle is there.
 */

let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

const KEPT = { data: { name: 'kept', collectorName: 'kept.txt', data: 'kept\n' } }
/** One entry for each collector, and one that behaves. */
const specOf = (...keys: string[]) => [spec({ collectors: [KEPT, ...keys.map((key) => ({ [key]: {} }))] })]
const FOREVER = 'await new Promise(() => setInterval(() => {}, 1000))'
const LIMITS = { bundleBytes: 2 ** 30, outputBytes: 2 ** 30 }

/** What the bundle of a run tells. */
async function bundleOf(outcome: Awaited<ReturnType<typeof runTask>>) {
  const result = mustHave(outcome)
  const bundle = await unpack(result.archive.path)
  const report = await bundle.report()
  const by = (key: string) => report.collectors.find((collector) => collector.key === key)
  expect(bundle.paths).toContain('kept/kept.txt')
  expect(await bundle.read('kept/kept.txt')).toBe('kept\n')
  expect(report.isPartial).toBe(result.archive.isPartial)
  return { ...bundle, result, whole: report, by }
}

/** Nothing of what a task works with stays: at most the archive, and what this test unpacked. */
async function leftIn(work: string): Promise<string[]> {
  return (await readdir(work)).filter((name) => !name.endsWith('.tar.gz') && !name.startsWith('unpacked-'))
}

/** No word of an error that nobody waited for, and no stack trace. */
const stray = (text: string) => text.split('\n').filter((line) => /nobody waits|^\s+at .*\(/.test(line))

describe('plug-ins that do not load', () => {
  it('cost themselves only, each with its folder and its reason', async () => {
    await writePlugin(space.plugins, 'collectors', 'throws', `throw new Error('no licence')\n${collectorModule('throws', '')}`)
    await writePlugin(space.plugins, 'collectors', 'throws-nothing', 'throw Object.create(null)')
    await writePlugin(space.plugins, 'collectors', 'no-default', 'export const collect = () => {}')
    await writePlugin(space.plugins, 'collectors', 'wrong-version', collectorModule('wrong-version', '').replace('1.0.0', 'one'))
    await writePlugin(space.plugins, 'collectors', 'other-folder', collectorModule('other-name', ''))
    await writePlugin(space.plugins, 'collectors', 'no-verb', collectorModule('no-verb', '').replace('*collect', '*gather'))
    await writePlugin(space.plugins, 'collectors', 'syntax', 'export default {')
    await writePlugin(space.plugins, 'collectors', '..data', 'throw new Error("a mounted volume is no plug-in")')
    await writePlugin(
      space.plugins,
      'collectors',
      'taken',
      collectorModule('taken', `yield { type: 'file', path: 'x', format: 'text', body: 'x' }`, { specKey: 'data' }),
    )
    await writeCollectors(space.plugins, { sound: `yield { type: 'file', path: 'sound/x.txt', format: 'text', body: 'sound' }` })
    const outcome = await runTask(runRequest(space, { specs: specOf('throws', 'sound', 'unheard-of') }))
    const { paths, by, whole, result } = await bundleOf(outcome)
    expect(paths).toContain('sound/x.txt')
    expect(paths).not.toContain('x')
    expect(by('throws')).toMatchObject({
      state: 'failed',
      error: { code: 'PLUGIN_NOT_LOADED', message: expect.stringContaining('no licence') },
    })
    expect(by('unheard-of')).toMatchObject({ state: 'failed', error: { code: 'COLLECTOR_UNKNOWN' } })
    expect(result).toMatchObject({ archive: { isPartial: true }, collectors: { ran: 2, failed: 2, skipped: 0 } })
    const problems = whole.warnings.filter(({ code }) => code === 'PLUGIN_NOT_LOADED').map(({ message }) => message)
    expect(problems).toHaveLength(8)
    for (const [folder, reason] of [
      ['throws', 'no licence'],
      ['throws-nothing', 'cannot be shown'],
      ['no-default', 'default export'],
      ['wrong-version', '"version" must be a semantic version'],
      ['other-folder', 'its name is "other-name"'],
      ['no-verb', 'no function "collect"'],
      ['syntax', 'Unexpected'],
      ['taken', 'built-in plug-in "data"'],
    ] as const)
      expect(problems).toContainEqual(expect.stringMatching(RegExp(`collectors/${folder} .*${reason}`)))
    expect(stray(outcome.text)).toEqual([])
    expect(await leftIn(space.work)).toEqual([])
  })

  it('a plug-in that ends the process while it is imported is named', async () => {
    await writePlugin(space.plugins, 'collectors', 'leaver', 'process.exit(0)')
    const outcome = await runTask(runRequest(space, { specs: specOf('leaver') }))
    expect(outcome.error).toMatchObject({ code: 'TASK_INTERRUPTED' })
    expect(outcome.error?.message).toMatch(/exit code 0.*during loading .*leaver/)
  })
})

describe('outputs that are not taken', () => {
  it('bad paths, bad bodies and bad words cost one output each', async () => {
    await writeCollectors(space.plugins, {
      paths: `
        const file = (path, more) => ({ type: 'file', path, format: 'text', body: 'x', ...more })
        yield file('paths/first')
        for (const path of ['../x', 'a/../../x', '/etc/x', 'C:/x', 'a\\\\b', '', 'a//b', './a', 'a/. ./b', 'version.yaml', 'Analysis.json',
          'support-bundle-schedule/report.json', 'collector-errors/x', 'a\\nb', 'a\\u001b[31mb', 'a\\u0000', 'x'.repeat(256), '\\ud800', 7, undefined])
          yield file(path)
        yield file('paths/first')
        yield file('paths/first/below')
        yield file('paths')
        yield file('paths/second', { links: ['paths/link', '../out'] })
        yield file('paths/third', { links: 'paths/x' })
        yield file('paths/good', { links: ['paths/deep/link'] })`,
      bodies: `
        const file = (path, body, format = 'text') => ({ type: 'file', path: 'bodies/' + path, format, body })
        yield file('binary', 'x', 'binary')
        yield file('number', 7)
        yield file('nothing', undefined)
        yield file('strings', async function* () { yield 'text' })
        yield file('null', async function* () { yield null })
        yield file('throws', async function* () { yield Buffer.from('half'); throw new Error('disk is gone') })
        yield file('throws-null', async function* () { throw null })
        yield file('not-iterable', () => 7)
        yield file('good', async function* () { yield Buffer.from('a'); yield new Uint8Array([98]) })`,
      words: `
        yield { type: 'warning', code: 'FOUND_SOMETHING', message: 'fine' }
        yield { type: 'warning', code: 'not a code', message: 7 }
        yield { type: 'warning' }
        yield { type: 'warning', code: 'LONG', message: 'y'.repeat(20 * 1024 * 1024) }
        context.log.info({ big: 1n }, 'a bigint')
        yield { type: 'file', path: 'words/good', format: 'text', body: 'x' }
        yield null
        yield { type: 'file', path: 'words/after', format: 'text', body: 'x' }`,
      thrower: `
        yield { type: 'file', path: 'thrower/before', format: 'text', body: 'x' }
        throw Object.create(null)
        yield { type: 'file', path: 'thrower/after', format: 'text', body: 'x' }`,
    })
    const outcome = await runTask(runRequest(space, { specs: specOf('paths', 'bodies', 'words', 'thrower') }))
    const { paths, by, result } = await bundleOf(outcome)
    const own = paths.filter((path) => /^(paths|bodies|words|thrower)\b/.test(path))
    expect(own).toEqual(['bodies/good', 'paths/deep/link', 'paths/first', 'paths/good', 'thrower/before', 'words/good'])
    expect(result.archive.isPartial).toBe(true)
    const codes = (key: string) => by(key)?.warnings.map((warning) => warning.code)
    expect(codes('paths')).toEqual([
      ...Array(20).fill('OUTPUT_PATH'),
      ...Array(3).fill('OUTPUT_REFUSED'),
      'OUTPUT_PATH',
      'OUTPUT_REFUSED',
    ])
    expect(codes('bodies')).toEqual(Array(8).fill('OUTPUT_REFUSED'))
    expect(by('bodies')?.warnings.some(({ message }) => message.includes('disk is gone'))).toBe(true)
    expect(codes('words')).toEqual(['FOUND_SOMETHING', 'COLLECTOR_WARNING', 'COLLECTOR_WARNING', 'LONG'])
    expect(by('words')).toMatchObject({ state: 'failed', error: { code: 'COLLECTOR_FAILED' } })
    expect(by('thrower')).toMatchObject({
      state: 'failed',
      files: 1,
      error: { code: 'COLLECTOR_FAILED', message: expect.stringContaining('cannot be shown') },
    })
    expect(outcome.warnings.filter(({ message }) => /[\u0000-\u001f\u007f]/.test(message))).toEqual([])
    expect(await leftIn(space.work)).toEqual([])
    expect(stray(outcome.text)).toEqual([])
  })

  it('a line too long to be redacted costs its file, and what a plug-in does with its buffer changes nothing', async () => {
    await writeCollectors(space.plugins, {
      long: `
        yield { type: 'file', path: 'long/line', format: 'text', body: 'z'.repeat(17 * 1024 * 1024) }
        yield { type: 'file', path: 'long/next', format: 'text', body: 'next' }`,
      reuse: `
        const buffer = Buffer.from('first line\\n')
        yield { type: 'file', path: 'reuse/x', format: 'text', body: async function* () {
          yield buffer
          buffer.write('password=q')
          yield Buffer.from('last line\\n')
        } }`,
    })
    const { paths, by, read, result } = await bundleOf(await runTask(runRequest(space, { specs: specOf('long', 'reuse') })))
    expect(paths).not.toContain('long/line')
    expect(paths).toContain('long/next')
    expect(by('long')?.warnings.map(({ code }) => code)).toEqual(['REDACTION_FAILED'])
    expect(await read('reuse/x')).toBe('first line\nlast line\n')
    expect(result.archive.isPartial).toBe(true)
  })

  it('limits of one output and of the bundle', async () => {
    const random = `Buffer.from(Array.from({ length: 50_000 }, () => Math.random().toString(36).slice(2)).join('\\n'))`
    await writeCollectors(space.plugins, {
      big: `
        yield { type: 'file', path: 'big/lazy', format: 'text', body: async function* () { for (;;) yield Buffer.alloc(65536, 'a\\n') } }
        yield { type: 'file', path: 'big/whole', format: 'text', body: 'a\\n'.repeat(4 * 1024 * 1024) }
        yield { type: 'file', path: 'big/small', format: 'text', body: 'small' }`,
    })
    const first = await runTask(runRequest(space, { specs: specOf('big'), limits: { ...LIMITS, outputBytes: 4 * 2 ** 20 } }))
    const one = await bundleOf(first)
    expect(one.paths.filter((path) => path.startsWith('big/'))).toEqual(['big/small'])
    expect(one.by('big')?.warnings.map(({ code }) => code)).toEqual(['OUTPUT_REFUSED', 'OUTPUT_REFUSED'])
    expect(await leftIn(space.work)).toEqual([])

    const second = await makeWorkspace()
    try {
      await writeCollectors(second.plugins, {
        many: `for (let n = 0; n < 20; n++) yield { type: 'file', path: 'many/' + n, format: 'text', body: ${random} }`,
      })
      const limits = { ...LIMITS, bundleBytes: 2 * 2 ** 20 }
      const all = await bundleOf(await runTask(runRequest(second, { specs: specOf('many'), limits })))
      const codes = all.by('many')?.warnings.map(({ code }) => code) ?? []
      expect(new Set(codes)).toEqual(new Set(['BUNDLE_TOO_LARGE']))
      expect(all.paths.filter((path) => path.startsWith('many/'))).toHaveLength(20 - codes.length)
      expect(all.result.archive.isPartial).toBe(true)
      // one output may be on its way when the limit is reached
      expect(all.result.archive.bytes).toBeLessThan(limits.bundleBytes + 2 ** 20)
    } finally {
      await second.remove()
    }
  })
})

describe('plug-ins without measure', () => {
  it('50,000 small outputs are all in the bundle', { timeout: 90_000 }, async () => {
    await writeCollectors(space.plugins, {
      many: `for (let n = 0; n < 50_000; n++) yield { type: 'file', path: 'many/' + (n % 100) + '/' + n, format: 'text', body: 'output ' + n }`,
    })
    const outcome = await runTask(runRequest(space, { specs: specOf('many'), timeoutMs: 80_000 }), { timeoutMs: 80_000 })
    const { archive } = mustHave(outcome)
    expect(archive.isPartial).toBe(false)
    // listed only: to unpack so many files takes longer than to make the bundle
    const names = execFileSync('tar', ['-tzf', archive.path], { maxBuffer: 2 ** 26 })
      .toString()
      .split('\n')
    expect(names.filter((name) => name.includes('/many/'))).toHaveLength(50_000)
    // As a sign of life, now and then.
    expect(outcome.messages.map((message) => message.type)).toContain('output')
  })

  it('50,000 warnings and refused outputs are counted, not kept', async () => {
    await writeCollectors(space.plugins, {
      moaner: `for (let n = 0; n < 50_000; n++) yield { type: 'warning', code: 'MOAN', message: 'moan ' + n }
        for (let n = 0; n < 50_000; n++) yield { type: 'file', path: '../' + n, format: 'text', body: '' }`,
    })
    const { by, result } = await bundleOf(await runTask(runRequest(space, { specs: specOf('moaner') })))
    expect(by('moaner')?.warnings).toHaveLength(1001)
    expect(by('moaner')?.warnings.at(-1)).toMatchObject({ code: 'WARNINGS_OMITTED', message: expect.stringContaining('99000') })
    expect(result.archive.isPartial).toBe(true)
  })

  it('10 MB on stdout and stderr each block nothing and are not all kept', async () => {
    await writeCollectors(space.plugins, {
      talker: `
        for (let n = 0; n < 10_000; n++) { console.log('o'.repeat(1000)); console.error('e'.repeat(1000)) }
        process.stdout.write('x'.repeat(1e6))
        yield { type: 'file', path: 'talker/x', format: 'text', body: 'x' }`,
    })
    const outcome = await runTask(runRequest(space, { specs: specOf('talker') }))
    expect((await bundleOf(outcome)).paths).toContain('talker/x')
    expect(outcome.text.length).toBeGreaterThan(1_000_000)
    expect(outcome.text.length).toBeLessThan(3_000_000)
    const other = outcome.text.split('\n').filter((line) => !/^(o|e)+$/.test(line))
    const note = '(all further output was left out, after 1048576 bytes)'
    expect(other.map((line) => line.slice(0, 100))).toEqual([note, note, ''])
  })

  it('what is printed at the very end is not lost', async () => {
    await writeCollectors(space.plugins, {
      talker: `
        yield { type: 'file', path: 'talker/x', format: 'text', body: 'x' }
        setImmediate(() => setTimeout(() => process.stdout.write('o\\n'.repeat(450_000) + 'the very end\\n'), 1))`,
    })
    const late =
      'yield { type: "file", path: "late/x", format: "text", body: async function* () { await new Promise((done) => setTimeout(done, 20)); yield Buffer.from("x") } }'
    await writeCollectors(space.plugins, { late })
    const outcome = await runTask(runRequest(space, { specs: specOf('talker', 'late') }))
    expect(outcome.text.endsWith('the very end\n')).toBe(true)
  })

  it('more memory than allowed, in the heap: killed, with the figures', async () => {
    await writeCollectors(space.plugins, {
      eater: `const held = []
        for (;;) { for (let n = 0; n < 200_000; n++) held.push({ n, text: 'x' + n }); await new Promise((resolve) => setTimeout(resolve, 5)) }`,
    })
    const outcome = await runTask(runRequest(space, { specs: specOf('eater') }), { memoryBytes: 200 * 2 ** 20 })
    expect(outcome.error).toMatchObject({ code: 'TASK_MEMORY', exitCode: 1 })
  })

  it('more memory than allowed, outside the heap: killed, with the figures', async () => {
    await writeCollectors(space.plugins, {
      eater: `const held = []
        for (;;) { held.push(Buffer.alloc(32 * 1024 * 1024, 1)); await new Promise((resolve) => setTimeout(resolve, 20)) }`,
    })
    const outcome = await runTask(runRequest(space, { specs: specOf('eater') }), { memoryBytes: 300 * 2 ** 20 })
    expect(outcome.result).toBeUndefined()
    expect(outcome.error).toMatchObject({ code: 'TASK_MEMORY', exitCode: 1 })
    expect(outcome.error?.message).toMatch(/at [3-9]\d\d MiB .*during collecting .*at most 300 MiB/)
  })

  it('timers, sockets and processes left open do not keep the task', async () => {
    const file = join(space.elsewhere, 'pid')
    await writeCollectors(space.plugins, {
      leaver: `
        const { createServer } = await import('node:net')
        const { spawn } = await import('node:child_process')
        setInterval(() => {}, 1000)
        await new Promise((resolve) => createServer().listen(0, '127.0.0.1', resolve))
        const child = spawn('sleep', ['600'], { stdio: 'inherit' })
        ;(await import('node:fs')).writeFileSync(${JSON.stringify(file)}, String(child.pid))
        yield { type: 'file', path: 'leaver/x', format: 'text', body: 'x' }`,
    })
    const outcome = await runTask(runRequest(space, { specs: specOf('leaver') }), { timeoutMs: 15_000 })
    expect(await bundleOf(outcome)).toMatchObject({ whole: { isPartial: false } })
    await ended(await pidIn(file))
  })

  it('errors that a plug-in leaves unheard cost nothing but a line in the log', async () => {
    await writeCollectors(space.plugins, {
      careless: `
        void Promise.reject(new Error('nobody hears this'))
        setTimeout(() => { throw new Error('nor this') }, 1)
        await new Promise((resolve) => setTimeout(resolve, 50))
        yield { type: 'file', path: 'careless/x', format: 'text', body: 'x' }`,
    })
    const outcome = await runTask(runRequest(space, { specs: specOf('careless') }))
    expect((await bundleOf(outcome)).by('careless')).toMatchObject({ state: 'ran', files: 1 })
    expect(outcome.text).toContain('nobody hears this')
    expect(outcome.text).toContain('nor this')
    expect(stray(outcome.text)).toHaveLength(2)
  })
})

describe('plug-ins that do not end', () => {
  it('are left behind when the time is over, the bundle of all others is closed', async () => {
    await writeCollectors(space.plugins, {
      waits: `yield { type: 'file', path: 'waits/before', format: 'text', body: 'x' }; ${FOREVER}`,
      heeds: `try { await new Promise((_, reject) => context.signal.addEventListener('abort', () => reject(context.signal.reason))) } finally { console.log('heeds cleaned up') }`,
      body: `
        yield { type: 'file', path: 'body/large', format: 'text', body: async function* () { yield Buffer.alloc(3e6, 'x\\n'); ${FOREVER} } }`,
      spins: `for (;;) yield { type: 'warning', code: 'AGAIN', message: 'again' }`,
      drips: `
        yield { type: 'file', path: 'drips/x', format: 'text', body: async function* () { for (;;) yield new Uint8Array(0) } }`,
      late: `context.signal.throwIfAborted(); yield { type: 'file', path: 'late/x', format: 'text', body: 'x' }`,
    })
    const started = performance.now()
    const outcome = await runTask(
      runRequest(space, { specs: specOf('waits', 'heeds', 'body', 'spins', 'drips', 'late'), timeoutMs: 2500 }),
    )
    expect(performance.now() - started).toBeLessThan(6_000)
    const { paths, by, result } = await bundleOf(outcome)
    expect(paths).toContain('waits/before')
    expect(paths.filter((path) => /^(body|drips|late)\//.test(path))).toEqual([])
    for (const key of ['waits', 'heeds', 'body', 'spins', 'drips', 'late'])
      expect(by(key)).toMatchObject({
        key,
        state: 'failed',
        error: { code: 'COLLECTOR_TIMED_OUT', message: expect.stringContaining(`"${key}"`) },
      })
    expect(result.collectors).toEqual({ ran: 1, failed: 6, skipped: 0 })
    expect(outcome.text).toContain('heeds cleaned up')
    expect(stray(outcome.text)).toEqual([])
    expect(await leftIn(space.work)).toEqual([])
  })
})

describe('plug-ins that end the program', () => {
  it.each([
    ['process.exit(0)', 'exit code 0'],
    ['process.exit(3)', 'exit code 3'],
    ["process.kill(process.pid, 'SIGKILL')", 'SIGKILL'],
    ['process.abort()', 'SIGABRT'],
  ])('%s is an interruption that names the step', async (code, how) => {
    await writeCollectors(space.plugins, {
      killer: `yield { type: 'file', path: 'killer/x', format: 'text', body: 'x' }; ${code}`,
    })
    const outcome = await runTask(runRequest(space, { specs: specOf('killer') }))
    expect(outcome.result).toBeUndefined()
    expect(outcome.error).toMatchObject({ code: 'TASK_INTERRUPTED' })
    expect(outcome.error?.message).toBe(`the task ended without a result (${how}) during collecting killer`)
  })

  it('garbage and strange words on the protocol end the task', async () => {
    const say = (text: string) => `(await import('node:fs')).writeSync(3, ${JSON.stringify(text)}); ${FOREVER}`
    for (const text of [
      '{{{ what\n',
      '{"type":"sing"}\n',
      '{"type":"output","path":7,"bytes":0}\n',
      'x'.repeat(9 * 1024 * 1024),
    ]) {
      const own = await makeWorkspace()
      await writeCollectors(own.plugins, { babbler: say(text) })
      const outcome = await runTask(runRequest(own, { specs: specOf('babbler') }), { timeoutMs: 15_000 })
      await own.remove()
      expect({ text, error: outcome.error }).toMatchObject({ text, error: { code: 'TASK_PROTOCOL' } })
    }
  })
})
