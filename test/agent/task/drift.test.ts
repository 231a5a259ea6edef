import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { AnyPlugin, Loader } from '../../../agent/loader/loader.ts'
import { type RunEdge, runTask } from '../../../agent/task/run.ts'
import data from '../../../collectors/data/index.ts'
import { defineCollector } from '../../../core/contract/index.ts'
import { systemClock } from '../../../core/clock.ts'
import type { RunRequest, RunResult } from '../../../core/task.ts'
import { makeWorkspace, runRequest, spec, unpack, type Workspace } from '../../support/task.ts'
import { deployment, type Item, item, listText } from '../drift/bundle.ts'

const Listing = z.object({ paths: z.array(z.string()), fails: z.boolean().default(false) })
/** In the place of the collector that lists a cluster: gives these files, then this ending. */
const listing = defineCollector<z.infer<typeof Listing>>({
  configSchema: Listing,
  manifest: { ...data.manifest, name: 'listing', specKey: 'clusterResources' },
  async *collect({ config }) {
    for (const path of config.paths) yield { type: 'file', path, format: 'json', body: '{"items":[]}' }
    if (config.fails) throw new Error('cut off')
  },
})

/** Two collectors, which can write any file. */
const LOADER: Loader = {
  find: async (_, key) => {
    const plugin: AnyPlugin = key === 'data' ? data : listing
    return {
      kind: 'Collector',
      name: key,
      folder: '/nowhere',
      key,
      manifest: plugin.manifest,
      isBuiltIn: true,
      load: async () => plugin,
    }
  },
  findScheme: async () => undefined,
  keys: async () => ['data'],
  all: async () => ({ found: [], problems: [] }),
}
const quiet = () => undefined

function edge(): RunEdge {
  return {
    clock: systemClock,
    loader: LOADER,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    version: '1.2.3',
    platform: 'linux',
    say: quiet,
    signal: new AbortController().signal,
    nodes: () => ({ heard: () => undefined }),
    host: () => {
      throw new Error('this test has no host')
    },
    cpuMs: () => 0,
    random: Math.random,
    fetch,
    needToken: () => Promise.resolve(''),
  }
}

/** The entry that puts a list where the objects of a cluster lie. */
const list = (folder: string, items: Item[]) => ({
  data: { name: `cluster-resources/${folder}`, collectorName: 'shop.json', data: listText(folder, items) },
})
const settings = (color: string) => item('ConfigMap', 'settings', { data: { color, password: 'hunter2secret' } })
const mood = (text: string) => ({ data: { name: 'mood', collectorName: 'mood.txt', data: text } })
const analyzers = [
  {
    textAnalyze: {
      checkName: 'the mood',
      fileName: 'mood/mood.txt',
      regex: 'good',
      outcomes: [{ pass: { when: 'true', message: 'good' } }, { fail: { when: 'false', message: 'bad' } }],
    },
  },
]

const BEFORE = [
  list('deployments', [deployment('web')]),
  list('services', [item('Service', 'old')]),
  list('configmaps', [settings('red')]),
  mood('good'),
]
const FACTS = 'support-bundle-schedule/drift.json.gz'

let space: Workspace
let kept: string
let work: string
let runs = 0
beforeEach(async () => {
  space = await makeWorkspace()
  kept = join(space.base, 'kept.json.gz')
})
afterEach(() => space.remove())

async function run(collectors: object[], change: Partial<RunRequest> = {}): Promise<RunResult> {
  // Each run has a folder of its own, as the agent gives it.
  work = join(space.work, String(++runs))
  await mkdir(work)
  const request = runRequest(
    { ...space, work },
    {
      specs: [spec({ collectors, analyzers })],
      baseline: { reason: 'it is the first' },
      ...change,
    },
  )
  return runTask(request, edge())
}

/** A first run whose facts are kept, and a second one compared with it. */
async function twice(now: object[], first: Partial<RunRequest> = {}, second: Partial<RunRequest> = {}) {
  await run(BEFORE, first)
  await copyFile(join(work, 'drift.json.gz'), kept)
  const result = await run(now, { baseline: { run: 'nightly.0', path: kept }, ...second })
  return { result, bundle: await unpack(result.archive.path) }
}

describe('a run without a baseline', () => {
  it('says so, and leaves its facts in the bundle and beside it', async () => {
    const result = await run(BEFORE)
    expect(result.drift).toEqual({ state: 'no-baseline', reason: 'it is the first', lines: [] })
    const bundle = await unpack(result.archive.path)
    const bytes = await readFile(join(bundle.folder, FACTS))
    expect(await readFile(join(work, 'drift.json.gz'))).toEqual(bytes)
    const sum = createHash('sha256').update(bytes).digest('hex')
    expect(await bundle.read('support-bundle-schedule/checksums.txt')).toContain(`${sum}  ${FACTS}\n`)
    expect(JSON.parse(gunzipSync(bytes).toString())).toMatchObject({
      schema: 1,
      run: 'nightly.1',
      verdicts: [['the mood', 'pass']],
      lists: {
        deployments: { shop: { 'Deployment/web': { images: ['web:1'], replicas: 2, ready: 2 } } },
        services: { shop: { 'Service/old': { uid: 'uid-of-Service-old' } } },
      },
    })
    expect(bundle.paths).not.toContain('support-bundle-schedule/drift-report.json')
    expect(result.archive.files).toBe(bundle.paths.length)
  })

  it('that nobody keeps has its facts in the bundle alone', async () => {
    work = space.work
    const { baseline: _, ...request } = runRequest(space, { specs: [spec({ collectors: BEFORE, analyzers })] })
    const result = await runTask(request, edge())
    expect(result.drift).toBeUndefined()
    expect((await unpack(result.archive.path)).paths).toContain(FACTS)
    await expect(readFile(join(work, 'drift.json.gz'))).rejects.toThrow('ENOENT')
  })

  it('has none of it when it looked at nothing that could drift', async () => {
    const result = await run([mood('good')], { analyze: false })
    expect(result.drift).toBeUndefined()
    expect((await unpack(result.archive.path)).paths.filter((path) => path.includes('drift'))).toEqual([])
  })
})

describe('the facts of a run', () => {
  const factsAfter = async (collectors: object[], change: Partial<RunRequest> = {}) => {
    await run(collectors, change)
    const text = gunzipSync(await readFile(join(work, 'drift.json.gz'))).toString()
    return JSON.parse(text) as { custom: { isWhole: boolean }; verdicts: string[][] }
  }
  const ALL = ['cluster-resources/custom-resource-definitions.json', 'cluster-resources/services/shop.json']
  const ENTRIES: readonly [what: string, isWhole: boolean, collectors: object[]][] = [
    ['ended well', true, [{ clusterResources: { paths: ALL } }]],
    ['failed', false, [{ clusterResources: { paths: ALL, fails: true } }]],
    ['lost a file', false, [{ clusterResources: { paths: [...ALL, 'cluster-resources/custom-resources/a//b.json'] } }]],
    ['lost another file', true, [{ clusterResources: { paths: [...ALL, 'cluster-resources/pods//b.json'] } }]],
    ['is another one', false, [list('services', [])]],
  ]
  it.each(ENTRIES)('know all custom resources unless the collector of them %s', async (_, isWhole, collectors) => {
    expect((await factsAfter(collectors)).custom.isWhole).toBe(isWhole)
  })

  it('hold each verdict, of checks with one name too', async () => {
    const twoOf = [...analyzers, { textAnalyze: { ...analyzers[0]?.textAnalyze, regex: 'bad' } }]
    const specs = [spec({ collectors: [mood('good')], analyzers: twoOf })]
    const { verdicts } = await factsAfter([], { specs })
    expect(verdicts).toEqual([
      ['the mood', 'pass'],
      ['the mood (2)', 'fail'],
    ])
  })
})

describe('a run with a baseline', () => {
  it('finds nothing when nothing changed', async () => {
    const { result, bundle } = await twice(BEFORE)
    expect(result.drift).toEqual({ state: 'same', baseline: 'nightly.0', lines: [] })
    expect(JSON.parse(await bundle.read('support-bundle-schedule/drift-report.json'))).toMatchObject({
      state: 'same',
      baseline: { run: 'nightly.1' },
      counts: { appeared: 0, gone: 0, changed: 0, flips: 0 },
      isSpecCompared: true,
    })
  })

  it('tells what changed, in its result and in the bundle', async () => {
    const now = [
      list('deployments', [deployment('web', { replicas: 3 })]),
      list('services', []),
      list('configmaps', [settings('blue'), item('ConfigMap', 'new')]),
      mood('bad'),
    ]
    const { result, bundle } = await twice(now)
    const drift = {
      state: 'changed',
      baseline: 'nightly.0',
      appeared: 1,
      gone: 1,
      changed: 2,
      flips: 1,
      lines: [
        '! the mood: pass → fail',
        '- Service shop/old',
        '+ ConfigMap shop/new',
        '~ ConfigMap shop/settings: spec',
        '~ Deployment shop/web: replicas 2 → 3, ready 2 → 3',
      ],
    }
    expect(result.drift).toEqual(drift)
    expect(JSON.parse(await bundle.read('support-bundle-schedule/report.json'))).toMatchObject({ drift })
    expect(JSON.parse(await bundle.read('support-bundle-schedule/drift-report.json'))).toMatchObject({
      appeared: [{ kind: 'ConfigMap', namespace: 'shop', name: 'new' }],
      gone: [{ kind: 'Service', namespace: 'shop', name: 'old' }],
      changed: [
        { name: 'settings', differences: [{ fact: 'spec' }] },
        {
          name: 'web',
          differences: [
            { fact: 'replicas', from: 2, to: 3 },
            { fact: 'ready', from: 2, to: 3 },
          ],
        },
      ],
      flips: [{ analyzer: 'the mood', from: 'pass', to: 'fail' }],
      unknown: { count: 0, lists: [] },
    })
  })

  it('finds a secret that changed when tokens tell values apart, without telling it', async () => {
    const tokenKey = '5e'.repeat(32)
    const other = item('ConfigMap', 'settings', { data: { color: 'red', password: 'hunter3secret' } })
    const now = [...BEFORE.slice(0, 2), list('configmaps', [other]), mood('good')]
    const { result, bundle } = await twice(now, { tokenKey }, { tokenKey })
    expect(result.drift?.lines).toEqual(['~ ConfigMap shop/settings: spec'])
    expect(await bundle.read('cluster-resources/configmaps/shop.json')).not.toContain('hunter3secret')
    const masked = await twice(now)
    expect(masked.result.drift?.state).toBe('same')
  })

  it('does not compare specs when values are masked in another way, and says so', async () => {
    const { result } = await twice(BEFORE, {}, { tokenKey: '5e'.repeat(32) })
    expect(result.drift).toMatchObject({ state: 'same', reason: expect.stringContaining('specs are not compared') })
  })

  it('has nothing to compare when all else is asked for', async () => {
    const { result } = await twice([list('secrets', [])], {}, { analyze: false })
    expect(result.drift).toEqual({
      state: 'incomparable',
      baseline: 'nightly.0',
      reason: 'the two runs looked at nothing that is in both',
      lines: [],
    })
  })

  const DAMAGED: readonly [what: string, bytes: Buffer, reason: string][] = [
    ['cut off', gzipSync('{"schema":1}').subarray(0, 12), 'it is damaged'],
    ['no gzip', Buffer.from('hello'), 'it is damaged'],
    ['no JSON', gzipSync('hello'), 'JSON'],
    ['of a newer version', gzipSync('{"schema":2}'), 'it is of version 2'],
    ['something else', gzipSync('{"schema":1,"custom":[]}'), 'it is not in its form'],
    ['a bomb', gzipSync(Buffer.alloc(65 * 2 ** 20)), 'it is damaged'],
  ]
  it.each(DAMAGED)('that is %s says so, and is whole all the same', async (_, bytes, reason) => {
    await writeFile(kept, bytes)
    const { drift, archive } = await run(BEFORE, { baseline: { run: 'nightly.0', path: kept } })
    expect(drift).toMatchObject({ state: 'incomparable', baseline: 'nightly.0', reason: expect.stringContaining(reason) })
    expect((await unpack(archive.path)).paths).toContain(FACTS)
  })
})
