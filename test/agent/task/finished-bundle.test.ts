import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstat, readFile, readlink, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, sep } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeCollectors } from '../../support/plugins.ts'
import {
  makeWorkspace,
  mustHave,
  runRequest,
  runTask,
  spec,
  TOP,
  unpack,
  type Unpacked,
  type Watched,
  type Workspace,
} from '../../support/task.ts'

/** The bundle that the built task program makes, looked at with the tools that its users have. */

let space: Workspace
let outcome: Watched
let bundle: Unpacked
beforeAll(async () => {
  space = await makeWorkspace()
  await writeCollectors(space.plugins, {
    linked: `
      yield { type: 'file', path: 'linked/pods/shop/web.log', links: ['linked/web.log', 'linked/deep/er/web.log'], format: 'text', body: 'line\\n' }
      yield { type: 'file', path: 'linked/${'long/'.repeat(40)}name', format: 'text', body: 'x' }
      yield { type: 'file', path: 'linked/ünïcode 文件 .txt', format: 'text', body: 'x' }
      yield { type: 'file', path: 'linked/empty', format: 'text', body: '' }
      yield { type: 'file', path: 'linked/large', format: 'text', body: 'a line of text\\n'.repeat(200_000) }
      yield { type: 'file', path: '-', format: 'text', body: 'dash' }`,
    fails: `throw new Error('it could not')`,
  })
  const specs = [
    spec({
      collectors: [
        { data: { name: 'a', collectorName: 'b.txt', data: 'x' } },
        { linked: {} },
        { fails: {} },
        { data: { name: 'z', data: 'z', exclude: true } },
      ],
      hostCollectors: [{ cpu: {} }, { memory: {} }],
      hostAnalyzers: [{ memory: { outcomes: [{ fail: { when: '< 1Ki', message: 'none' } }, { pass: { message: 'some' } }] } }],
    }),
  ]
  outcome = await runTask(runRequest(space, { specs }))
  bundle = await unpack(mustHave(outcome).archive.path)
})
afterAll(() => space.remove())

/** The headers of a tar file, as they stand in it. */
function headers(tar: Buffer) {
  const found = []
  for (let at = 0; at + 512 <= tar.length;) {
    const text = (start: number, length: number) =>
      tar
        .subarray(at + start, at + start + length)
        .toString()
        .replace(/\0.*$/s, '')
    if (text(0, 100) === '') break
    const size = Number.parseInt(text(124, 12), 8)
    found.push({
      type: text(156, 1),
      uid: Number.parseInt(text(108, 8), 8),
      gid: Number.parseInt(text(116, 8), 8),
      uname: text(265, 32),
      gname: text(297, 32),
      mtime: text(136, 12),
    })
    at += 512 + Math.ceil(size / 512) * 512
  }
  return found
}

describe('a finished bundle', () => {
  it('is one folder with what was collected and what the host tells of it', () => {
    expect(bundle.folder.split(sep).at(-1)).toBe(TOP)
    expect(bundle.paths).toEqual(
      [
        '-',
        'a/b.txt',
        'analysis.json',
        'collector-errors/fails-4-error.json',
        'host-collectors/system/cpu.json',
        'host-collectors/system/memory.json',
        'linked/deep/er/web.log',
        'linked/empty',
        'linked/large',
        `linked/${'long/'.repeat(40)}name`,
        'linked/pods/shop/web.log',
        'linked/web.log',
        'linked/ünïcode 文件 .txt',
        'skipped-collectors.json',
        'support-bundle-schedule/analyzers.json',
        'support-bundle-schedule/checksums.txt',
        'support-bundle-schedule/report.json',
        'version.yaml',
      ].toSorted(),
    )
  })

  it('is the file that the result tells of', async () => {
    const { archive } = mustHave(outcome)
    const bytes = await readFile(archive.path)
    expect(archive).toMatchObject({
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      files: bundle.paths.length,
      isPartial: true,
    })
    expect((await stat(archive.path)).mode & 0o777).toBe(0o600)
    expect(outcome.result).toMatchObject({
      collectors: { ran: 4, failed: 1, skipped: 1 },
      analysis: { pass: 1, warn: 0, fail: 0 },
      redactions: 0,
    })
  })

  it('names no user and no group of this machine, and has one time', async () => {
    const found = headers(gunzipSync(await readFile(mustHave(outcome).archive.path)))
    expect(found.length).toBeGreaterThanOrEqual(bundle.paths.length)
    for (const { uid, gid, uname, gname } of found)
      expect({ uid, gid, uname, gname }).toEqual({ uid: 0, gid: 0, uname: '', gname: '' })
    expect(new Set(found.filter(({ type }) => type !== 'x').map(({ mtime }) => mtime)).size).toBe(1)
    expect(found.filter(({ type }) => !['0', '2', 'x'].includes(type))).toEqual([])
  })

  it('has links that are relative and lead to their file', async () => {
    const links = []
    for (const path of bundle.paths) if ((await lstat(join(bundle.folder, path))).isSymbolicLink()) links.push(path)
    expect(links).toEqual(['linked/deep/er/web.log', 'linked/web.log'])
    for (const link of links) {
      expect(isAbsolute(await readlink(join(bundle.folder, link)))).toBe(false)
      expect(await realpath(join(bundle.folder, link))).toBe(await realpath(join(bundle.folder, 'linked/pods/shop/web.log')))
    }
  })

  it('has checksums of every file, which sha256sum finds right', async () => {
    const list = join(OWN, 'checksums.txt')
    execFileSync('sha256sum', ['--check', '--strict', '--quiet', list], { cwd: bundle.folder, input: '' })
    const named = (await bundle.read(list))
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(66).replace('./-', '-'))
    const links = ['linked/deep/er/web.log', 'linked/web.log']
    expect(named.toSorted()).toEqual(bundle.paths.filter((path) => path !== list && !links.includes(path)))
  })

  it('is a support bundle for other tools', async () => {
    expect(await bundle.read('version.yaml')).toMatch(
      /^apiVersion: troubleshoot.sh\/v1beta2\nkind: SupportBundle\nspec:\n  versionNumber: "[^"]+"\n$/,
    )
    expect(JSON.parse(await bundle.read('analysis.json'))).toHaveLength(1)
    expect(JSON.parse(await bundle.read('skipped-collectors.json'))).toMatchObject([
      { collector: 'data', reason: 'excluded', errors: null },
    ])
    const error = JSON.parse(await bundle.read('collector-errors/fails-4-error.json')) as object
    expect(Object.keys(error)).toEqual(['collector', 'error', 'timestamp'])
    expect(error).toMatchObject({ collector: 'fails', error: 'collector "fails" failed: it could not' })
  })

  it('reports every entry of the spec, in its order, host first', async () => {
    const report = JSON.parse(await bundle.read(join(OWN, 'report.json'))) as Record<string, unknown>
    expect(report).toMatchObject({
      schema: 1,
      run: { id: 'nightly.1', job: 'nightly', trigger: 'schedule' },
      isPartial: true,
      collectors: [
        { key: 'cpu', state: 'ran', files: 1 },
        { key: 'memory', state: 'ran' },
        { key: 'data', state: 'ran', bytes: 1, isComplete: true },
        { key: 'linked', state: 'ran', files: 6 },
        { key: 'fails', state: 'failed', isComplete: false, error: { code: 'COLLECTOR_FAILED' } },
        { key: 'data', state: 'skipped', isComplete: true },
      ],
      redaction: { rules: {}, files: {} },
    })
    expect(report['version']).toMatch(/^\d/)
  })
})

const OWN = 'support-bundle-schedule'
