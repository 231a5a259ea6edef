import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handOver, openSharedFolder } from '../../../agent/runner/shared-folder.ts'
import type { DeliverRequest, RunRequest } from '../../../core/task.ts'
import { collectorModule, uploaderModule, writePlugin } from '../../support/plugins.ts'
import { type RunnerProcess, startRunner } from '../../support/runner.ts'
import { mustHave, RUN, runRequest, spec } from '../../support/task.ts'

/** Agent and runner as two users who share a group, as in the pod: what one makes the other can use, and no third can. */

const AGENT = { uid: 65532, gid: 65532 }
const RUNNER = { uid: 65533, gid: 65532 }
const STRANGER = { uid: 65534, gid: 65534 }
const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('SKIPPED: the tests of two users need root')

/** Runs code as a user, with our module at hand. */
const as = (user: { uid: number; gid: number }, code: string): string =>
  execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import fs from 'node:fs'; import { openSharedFolder } from ${JSON.stringify(MODULE)}; ${code}`,
    ],
    { ...user, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  )
const MODULE = resolve(import.meta.dirname, '../../../agent/runner/shared-folder.ts')
const quoted = JSON.stringify

describe.skipIf(!isRoot)('agent and runner as two users', () => {
  let base: string
  let plugins: string
  let runner: RunnerProcess
  const LIMITS = { timeoutMs: 30_000, memoryBytes: 2 ** 30 }
  beforeAll(async () => {
    const root = await mkdtemp(join(tmpdir(), 'sbs-users-'))
    chmodSync(root, 0o755)
    base = join(root, 'work')
    plugins = join(root, 'plugins')
    // As an emptyDir with an fsGroup is.
    mkdirSync(base)
    chownSync(base, 0, 65532)
    chmodSync(base, 0o2770)
    mkdirSync(plugins)
    runner = await startRunner(base, { ...RUNNER, socket: join(base, 'runner.sock') })
  })
  afterAll(async () => {
    await runner.stop()
    await rm(join(base, '..'), { recursive: true })
  })

  it('the socket is for their group', () => {
    const { mode, gid } = statSync(runner.socket)
    expect([(mode & 0o777).toString(8), gid]).toEqual(['660', 65532])
    expect(() => as(STRANGER, `await fs.promises.access(${quoted(runner.socket)})`)).toThrow('EACCES')
  })

  it('a run writes into the folder that the agent made, and the agent moves and removes all of it', async () => {
    const work = join(base, 'namespaces/shop/work/nightly.1')
    const outbox = join(base, 'namespaces/shop/outbox/nightly.1')
    as(AGENT, `await openSharedFolder(${quoted(base)}, ${quoted(work)}, 'work')`)
    await writePlugin(
      plugins,
      'collectors',
      'messy',
      collectorModule(
        'messy',
        `const fs = await import('node:fs')
         fs.mkdirSync(${quoted(`${work}/closed/deep`)}, { recursive: true, mode: 0o700 })
         fs.writeFileSync(${quoted(`${work}/closed/deep/file`)}, 'x', { mode: 0o400 })
         fs.writeFileSync(${quoted(`${work}/secret`)}, 'x', { mode: 0o000 })
         fs.chmodSync(${quoted(`${work}/closed/deep`)}, 0)
         fs.chmodSync(${quoted(`${work}/closed`)}, 0)
         yield { type: 'file', path: 'x', format: 'text', body: 'x' }`,
      ),
    )
    const request = runRequest({ work, plugins }, { specs: [spec({ collectors: [{ messy: {} }] })] })
    const outcome = await runner.starter().start(request, LIMITS)
    const { archive } = mustHave({ ...outcome, messages: [], text: '' })
    const facts = statSync(archive.path)
    expect([facts.uid, facts.gid, (facts.mode & 0o777).toString(8)]).toEqual([65533, 65532, '660'])
    expect(() => as(STRANGER, `fs.readFileSync(${quoted(archive.path)})`)).toThrow('EACCES')
    const moved = join(outbox, archive.fileName)
    as(
      AGENT,
      `await openSharedFolder(${quoted(base)}, ${quoted(outbox)}, 'read')
       fs.renameSync(${quoted(archive.path)}, ${quoted(moved)})
       fs.readFileSync(${quoted(moved)})
       fs.rmSync(${quoted(work)}, { recursive: true })`,
    )
    expect(existsSync(work)).toBe(false)

    await writePlugin(
      plugins,
      'uploaders',
      'reads',
      uploaderModule(
        'reads',
        `let size = 0
         for await (const chunk of bundle.open()) size += chunk.length
         return { location: 'far://away', size, checksum: undefined, verified: true }`,
      ),
    )
    const { fileName, bytes: size, sha256 } = archive
    const deliver: DeliverRequest = {
      task: 'deliver',
      run: RUN,
      target: { uploader: 'reads', config: {}, secrets: {} },
      bundle: { path: moved, fileName, size, sha256 },
      timeoutMs: 20_000,
      pluginFolders: [plugins],
    }
    expect((await runner.starter().start(deliver, LIMITS)).result).toMatchObject({ receipt: { size } })
    as(AGENT, `fs.rmSync(${quoted(outbox)}, { recursive: true })`)
    expect(existsSync(outbox)).toBe(false)
  })

  it('a run leaves its facts for the agent, which hands them to the next one', async () => {
    const own = join(base, '..', 'own')
    mkdirSync(own, { mode: 0o700 })
    chownSync(own, AGENT.uid, AGENT.gid)
    const list = { name: 'cluster-resources/services', collectorName: 'shop.json', data: '{"items":[]}' }
    const run = async (name: string, prepare: string, baseline: RunRequest['baseline']) => {
      const work = join(base, 'namespaces/shop/work', name)
      as(AGENT, `await openSharedFolder(${quoted(base)}, ${quoted(work)}, 'work'); ${prepare}`)
      const request = runRequest({ work, plugins }, { specs: [spec({ collectors: [{ data: list }] })], baseline })
      const outcome = await runner.starter().start(request, LIMITS)
      return { work, drift: mustHave({ ...outcome, messages: [], text: '' }).drift }
    }
    const first = await run('nightly.2', '', { reason: 'it is the first' })
    const kept = join(own, 'nightly.2.json.gz')
    const facts = quoted(join(first.work, 'drift.json.gz'))
    as(AGENT, `fs.writeFileSync(${quoted(kept)}, fs.readFileSync(${facts}), { mode: 0o600 })`)
    const path = join(base, 'namespaces/shop/work/nightly.3/baseline')
    // As agent/scheduler/baselines.ts does.
    const hand = `fs.copyFileSync(${quoted(kept)}, ${quoted(path)}); fs.chmodSync(${quoted(path)}, 0o640)`
    expect((await run('nightly.3', hand, { run: 'nightly.2', path })).drift).toEqual({
      state: 'same',
      baseline: 'nightly.2',
      lines: [],
    })
    expect(() => as(RUNNER, `fs.readFileSync(${quoted(kept)})`)).toThrow('EACCES')
  })

  it('the runner passes through the folders of others, but lists none of them, and makes nothing beside its own', () => {
    const work = join(base, 'namespaces/shop/work/nightly.2')
    as(AGENT, `await openSharedFolder(${quoted(base)}, ${quoted(work)}, 'work')`)
    as(RUNNER, `fs.writeFileSync(${quoted(`${work}/x`)}, '')`)
    for (const folder of [join(base, 'namespaces'), join(base, 'namespaces/shop'), join(base, 'namespaces/shop/work')]) {
      expect(() => as(RUNNER, `fs.readdirSync(${quoted(folder)})`)).toThrow('EACCES')
      expect(() => as(RUNNER, `fs.mkdirSync(${quoted(join(folder, 'new'))})`)).toThrow('EACCES')
    }
    const read = join(base, 'namespaces/shop/outbox/nightly.2')
    as(AGENT, `await openSharedFolder(${quoted(base)}, ${quoted(read)}, 'read')`)
    as(RUNNER, `fs.readdirSync(${quoted(read)})`)
    expect(() => as(RUNNER, `fs.writeFileSync(${quoted(`${read}/x`)}, '')`)).toThrow('EACCES')
  })
})

describe('shared folders', () => {
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8)

  it('may be there already; what is on the way stays as it is', async () => {
    const root = await mkdtemp(join(tmpdir(), 'sbs-shared-'))
    await mkdir(join(root, 'a'), { mode: 0o755 })
    for (let time = 0; time < 2; time++) await openSharedFolder(root, join(root, 'a/b/c'), 'work')
    expect(await Promise.all(['a', 'a/b', 'a/b/c'].map((path) => modeOf(join(root, path))))).toEqual(['755', '2710', '2770'])
    await openSharedFolder(root, join(root, 'a/b/c'), 'read')
    expect(await modeOf(join(root, 'a/b/c'))).toBe('2750')
    await expect(openSharedFolder(join(root, 'none'), join(root, 'none/x'), 'work')).rejects.toThrow('ENOENT')
    await rm(root, { recursive: true })
  })

  it('are handed over without following links', async () => {
    const root = await mkdtemp(join(tmpdir(), 'sbs-shared-'))
    await mkdir(join(root, 'own/deep'), { recursive: true, mode: 0o700 })
    await writeFile(join(root, 'own/deep/file'), 'x', { mode: 0o600 })
    await writeFile(join(root, 'elsewhere'), 'x', { mode: 0o600 })
    await symlink(join(root, 'elsewhere'), join(root, 'own/link'))
    await handOver(join(root, 'own'))
    expect(await Promise.all(['own/deep', 'own/deep/file', 'elsewhere'].map((path) => modeOf(join(root, path))))).toEqual([
      '2770',
      '660',
      '600',
    ])
    await handOver(join(root, 'gone'))
    await rm(root, { recursive: true })
  })
})
