import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { DeliverRequest } from '../../../core/task.ts'
import { collectorModule, uploaderModule, writePlugin } from '../../support/plugins.ts'
import { type RunnerProcess, SECRET, startRunner } from '../../support/runner.ts'
import { makeWorkspace, mustHave, RUN, runRequest, spec, unpack, type Workspace } from '../../support/task.ts'

/** A plug-in that tries what no task may. Each try is to be refused, and the bundle is made all the same. */

let runner: RunnerProcess
beforeAll(async () => void (runner = await startRunner(tmpdir())))
afterAll(() => runner.stop())
let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

/** Tries by name; each is the code of an async function that has `paths` and `fs`. */
const TRIES: Record<string, string> = {
  'read a file of the system': `fs.readFileSync('/etc/passwd')`,
  'read the environment of the agent': `fs.readFileSync('/proc/' + paths.agentPid + '/environ')`,
  'read the memory map of the runner': `fs.readFileSync('/proc/' + process.ppid + '/maps')`,
  'read through its own root': `fs.readFileSync('/proc/self/root' + paths.otherFile)`,
  'read a bundle of another tenant': `fs.readFileSync(paths.otherFile)`,
  'read it in another way': `(await fs.openAsBlob(paths.otherFile)).text()`,
  'read it through its own folder': `fs.readFileSync(paths.work + '/../other/bundle.tar.gz')`,
  'list the folders of others': `fs.readdirSync(paths.work + '/..')`,
  "read what begins like one's own folder": `fs.readFileSync(paths.work + '-of-another/file')`,
  'read a token of the agent': `fs.readFileSync(paths.token)`,
  'copy it': `fs.cpSync(paths.token, paths.work + '/token')`,
  'link to it': `fs.symlinkSync(paths.token, paths.work + '/token')`,
  'link to it without a link': `fs.linkSync(paths.token, paths.work + '/token')`,
  'import it': `import(paths.token, { with: { type: 'json' } })`,
  'require it': `(await import('node:module')).createRequire(paths.token)(paths.token)`,
  'take it for an environment': `process.loadEnvFile(paths.token)`,
  'write to the folder of another': `fs.writeFileSync(paths.elsewhere + '/new', 'x')`,
  'write to the plug-ins': `fs.writeFileSync(paths.plugins + '/new', 'x')`,
  'write a heap': `(await import('node:v8')).writeHeapSnapshot(paths.elsewhere + '/heap')`,
  'write a database': `new (process.getBuiltinModule('node:sqlite').DatabaseSync)(paths.elsewhere + '/database')`,
  'write a report': `process.report.writeReport(paths.elsewhere + '/report')`,
  'move out what is its own': `fs.renameSync(paths.work + '/own', paths.elsewhere + '/own')`,
  'start a process': `(await import('node:child_process')).execFileSync('/bin/true')`,
  'start a thread': `new (await import('node:worker_threads')).Worker('1', { eval: true })`,
  'load an add-on': `process.dlopen({ exports: {} }, '/x.node')`,
  'use inner bindings': `process.binding('fs')`,
  'start WASI': `new (await import('node:wasi')).WASI({ version: 'preview1', preopens: { '/': '/' } })`,
  'open a debugger': `(await import('node:inspector')).open(0)`,
}
const REFUSED = /^(ERR_ACCESS_DENIED|ERR_DLOPEN_DISABLED|ENOENT: none)$/

/** What a plug-in of this code answers to each try. */
const trying = (paths: object) => `
    const fs = await import('node:fs')
    const paths = ${JSON.stringify(paths)}
    fs.writeFileSync(paths.work + '/own', 'x')
    const answers = {}
    const attempt = async (name, work) => {
      try { answers[name] = 'done: ' + String(await work()).slice(0, 40) }
      catch (error) { answers[name] = error.code ?? error.message }
    }
    ${Object.entries(TRIES)
      .map(([name, code]) => `await attempt(${JSON.stringify(name)}, async () => ${code})`)
      .join('\n')}
    fs.rmSync(paths.work + '/own')`

async function plant() {
  const other = join(space.base, 'other')
  await mkdir(other)
  await mkdir(`${space.work}-of-another`)
  await writeFile(join(`${space.work}-of-another`, 'file'), 'of another')
  await writeFile(join(other, 'bundle.tar.gz'), 'of another')
  await writeFile(join(space.elsewhere, 'token.json'), '{}')
  return {
    work: space.work,
    plugins: space.plugins,
    elsewhere: space.elsewhere,
    agentPid: process.pid,
    otherFile: join(other, 'bundle.tar.gz'),
    token: join(space.elsewhere, 'token.json'),
  }
}

function expectRefusals(answers: Record<string, string>) {
  expect(Object.keys(answers)).toEqual(Object.keys(TRIES))
  // Where SQLite is not built in, there is nothing to call.
  const known = {
    ...answers,
    'write a database': answers['write a database']?.includes('undefined') ? 'ERR_ACCESS_DENIED' : 'done',
  }
  expect(Object.entries(known).filter(([, answer]) => !REFUSED.test(answer))).toEqual([])
}

describe('a hostile plug-in behind the runner', () => {
  it('that collects is refused all, and costs only itself', async () => {
    const paths = await plant()
    const body = `${trying(paths)}
      yield { type: 'file', path: 'answers.json', format: 'text', body: JSON.stringify(answers) }`
    await writePlugin(space.plugins, 'collectors', 'hostile', collectorModule('hostile', body))
    const request = runRequest(space, { redact: false, specs: [spec({ collectors: [{ hostile: {} }] })] })
    const outcome = await runner.starter().start(request, { timeoutMs: 20_000, memoryBytes: 2 ** 30 })
    const { archive } = mustHave({ ...outcome, messages: [], text: '' })
    expectRefusals(JSON.parse(await (await unpack(archive.path)).read('answers.json')) as Record<string, string>)
    expect(await readdir(space.elsewhere)).toEqual(['token.json'])
  })

  it('that uploads reads its bundle, and nothing else; it writes nowhere', async () => {
    const paths = await plant()
    const bundle = join(space.work, 'bundle.tar.gz')
    await writeFile(bundle, '12345')
    const body = `
      ${trying(paths).replace(/fs\.(writeFile|rm)Sync\(paths\.work.*/g, '')}
      try { fs.writeFileSync(paths.work + '/own', 'x'); answers.own = 'done' } catch (error) { answers.own = error.code }
      try { fs.readFileSync(paths.work + '/beside'); answers.beside = 'done' } catch (error) { answers.beside = error.code }
      answers.env = process.env.ONLY
      await context.state.set(answers)
      let size = 0
      for await (const chunk of bundle.open()) size += chunk.length
      return { location: 'far://away', size, checksum: undefined, verified: true }`
    await writePlugin(space.plugins, 'uploaders', 'hostile', uploaderModule('hostile', body))
    await writeFile(join(space.work, 'beside'), 'x')
    const request: DeliverRequest = {
      task: 'deliver',
      run: RUN,
      target: { uploader: 'hostile', config: {}, secrets: {} },
      bundle: { path: bundle, fileName: 'x.tar.gz', size: 5, sha256: '' },
      timeoutMs: 20_000,
      pluginFolders: [space.plugins],
    }
    let answers: Record<string, string> = {}
    const { result } = await runner.starter({ targetEnv: { ONLY: 'for targets' } }).start(request, {
      timeoutMs: 20_000,
      memoryBytes: 2 ** 30,
      onState: async (value) => void (answers = value as Record<string, string>),
    })
    expect(result?.receipt).toMatchObject({ size: 5 })
    const { own, beside, env, ...others } = answers
    expect([own, beside, env]).toEqual(['ERR_ACCESS_DENIED', 'ERR_ACCESS_DENIED', 'for targets'])
    expectRefusals(others)
  })

  it('reaches the socket of the runner, and gets nothing by it', async () => {
    // the agent was there before
    await runner.starter().start(runRequest(space), { timeoutMs: 20_000, memoryBytes: 2 ** 30 })
    const spawn = {
      type: 'spawn',
      heapMb: 64,
      memoryBytes: 2 ** 30,
      timeoutMs: 9e4,
      aliveMs: 9e4,
      env: {},
      read: ['/'],
      write: [],
    }
    const words = [
      { ...spawn, secret: 'a guess that is long enough to be a secret' },
      { ...spawn, secret: '' },
      spawn,
      { type: 'alive' },
      { type: 'kill' },
      'nonsense',
    ]
    const body = `
      const { connect } = await import('node:net')
      const answers = []
      for (const word of ${JSON.stringify(words)}) {
        const socket = connect(${JSON.stringify(runner.socket)})
        let answer = ''
        socket.on('data', (chunk) => (answer += chunk))
        socket.write(JSON.stringify(word) + '\\n')
        // Refused before it came to the runner is as good.
        socket.on('error', (error) => (answer ||= JSON.stringify({ type: 'refused', code: error.code ?? error.message })))
        await new Promise((resolve) => socket.on('close', resolve))
        answers.push(answer)
      }
      yield { type: 'file', path: 'answers.json', format: 'text', body: JSON.stringify(answers) }`
    await writePlugin(space.plugins, 'collectors', 'hostile', collectorModule('hostile', body))
    const request = runRequest(space, { fileName: 'b.tar.gz', redact: false, specs: [spec({ collectors: [{ hostile: {} }] })] })
    const outcome = await runner.starter().start(request, { timeoutMs: 20_000, memoryBytes: 2 ** 30 })
    const { archive } = mustHave({ ...outcome, messages: [], text: '' })
    const answers = JSON.parse(await (await unpack(archive.path)).read('answers.json')) as string[]
    expect(answers.map((answer) => (JSON.parse(answer) as { type: string }).type)).toEqual(words.map(() => 'refused'))
    expect(answers.join('')).not.toContain(SECRET)
    // the agent is still obeyed
    const after = await runner
      .starter()
      .start(runRequest(space, { fileName: 'c.tar.gz' }), { timeoutMs: 9_000, memoryBytes: 2 ** 30 })
    expect(after.error).toBeUndefined()
  })

  it('opens no debugger in the runner or in itself', async () => {
    const body = `
      for (const pid of [process.ppid, process.pid]) process.kill(pid, 'SIGUSR1')
      await new Promise((done) => setTimeout(done, 300))
      yield { type: 'file', path: 'x', format: 'text', body: 'x' }`
    await writePlugin(space.plugins, 'collectors', 'hostile', collectorModule('hostile', body))
    const request = runRequest(space, { specs: [spec({ collectors: [{ hostile: {} }] })] })
    const outcome = await runner.starter().start(request, { timeoutMs: 20_000, memoryBytes: 2 ** 30 })
    expect(outcome.error).toBeUndefined()
    const answer = await new Promise((resolve) => {
      const socket = connect(9229, '127.0.0.1', () => (socket.destroy(), resolve('a debugger'))).on('error', () =>
        resolve('nothing'),
      )
    })
    expect(answer).toBe('nothing')
    expect(runner.problems()).not.toContain('ebugger')
  })
})

/** Sockets, pipes and files that a process has open, by their numbers in the system. */
async function openIn(pid: number | string | undefined): Promise<string[]> {
  const folder = `/proc/${pid}/fd`
  const links = (await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => ''))
  return (await Promise.all(links)).filter((link) => /^(socket|pipe):|^\/(?!dev)/.test(link))
}

describe('what a task is given by the runner', () => {
  it('is four pipes and nothing of its environment', async () => {
    const facts = `
      yield { type: 'file', path: 'facts.json', format: 'text', body: JSON.stringify({ env: process.env, pid: process.pid }) }
      const end = Date.now() + 10_000
      while (!fs.existsSync(${JSON.stringify(join(space.work, 'go'))}) && Date.now() < end) await new Promise((done) => setTimeout(done, 20))`
    const body = `const fs = await import('node:fs'); console.log('pid ' + process.pid); ${facts}`
    await writePlugin(space.plugins, 'collectors', 'open', collectorModule('open', body))
    const request = runRequest(space, { redact: false, specs: [spec({ collectors: [{ open: {} }] })] })
    let shared: string[] | undefined
    let environ = ''
    const outcome = await runner.starter({ targetEnv: { ONLY: 'for targets' } }).start(request, {
      timeoutMs: 20_000,
      memoryBytes: 2 ** 30,
      onText(text) {
        const pid = /pid (\d+)/.exec(text)?.[1]
        if (pid === undefined) return
        const look = async () => {
          environ = await readFile(`/proc/${pid}/environ`, 'utf8')
          const mine = new Set(await openIn(runner.process.pid))
          // What whoever started this test left open for all is not the runner's.
          for (const one of await openIn(process.pid)) mine.delete(one)
          shared = (await openIn(pid)).filter((one) => mine.has(one))
          await writeFile(join(space.work, 'go'), '')
        }
        void look()
      },
    })
    mustHave({ ...outcome, messages: [], text: '' })
    const names = environ
      .split('\0')
      .filter(Boolean)
      .map((entry) => entry.split('=')[0])
    expect(names.toSorted()).toEqual([
      'MALLOC_ARENA_MAX',
      'MALLOC_TRIM_THRESHOLD_',
      'NODE_OPTIONS',
      'SUPPORT_BUNDLE_SCHEDULE_TASK',
    ])
    expect(shared).toEqual([])
  })
})
