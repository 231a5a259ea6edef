import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loaderEdge } from '../../../agent/loader/edge.ts'
import { createLoader } from '../../../agent/loader/loader.ts'
import { inspectTask, pluginsTask } from '../../../agent/task/inspect.ts'
import { systemClock } from '../../../core/clock.ts'
import type { InspectRequest } from '../../../core/task.ts'
import { collectorModule, uploaderModule, writePlugin } from '../../support/plugins.ts'
import { makeWorkspace, spec, TASK_SCRIPT, type Workspace } from '../../support/task.ts'

let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

const loader = () =>
  createLoader(
    join(TASK_SCRIPT, '..'),
    [space.plugins],
    loaderEdge(systemClock, () => undefined),
  )
function inspect(change: Partial<Pick<InspectRequest, 'sources' | 'targets' | 'auto'>>) {
  return inspectTask(
    { task: 'inspect-spec', sources: [], targets: [], pluginFolders: [], ...change },
    { loader: loader(), platform: 'linux', clock: systemClock, fetch, signal: new AbortController().signal },
  )
}
const value = (entries: Parameters<typeof spec>[0]) => [{ value: spec(entries), name: 'job.yaml' }]
const targetIssues = async (target: { uploader?: string; url?: string; config?: Record<string, unknown> }) => {
  const { targets, issues } = await inspect({ targets: [{ config: {}, ...target }] })
  return { targets, issues: issues.map(({ code, message }) => `${code} ${message}`) }
}

describe('inspect', () => {
  it('lists what would run, and what is wrong with the rest', async () => {
    const sources = value({
      collectors: [{ data: { name: 'x', data: 'x', odd: 1 } }, { dta: {} }, { data: { name: 'y', data: 'x', exclude: true } }],
      hostCollectors: [{ memory: {} }],
    })
    const { collectors, issues, documents } = await inspect({ sources })
    // entries of one kind stand together, in the place of the first
    expect(collectors.map(({ key, isExcluded }) => [key, isExcluded])).toEqual([
      ['memory', false],
      ['data', false],
      ['data', true],
      ['dta', false],
    ])
    expect(issues.map(({ code, severity }) => [code, severity])).toEqual([
      ['COLLECTOR_CONFIG', 'warning'],
      ['COLLECTOR_UNKNOWN', 'error'],
    ])
    expect(documents).toHaveLength(1)
  })

  it('lists what a profile adds, apart from the documents', async () => {
    const { collectors, documents, auto, issues } = await inspect({
      sources: value({ collectors: [{ data: { name: 'x', data: 'x' } }, { clusterInfo: {} }] }),
      auto: { profile: 'standard', namespaces: ['shop'] },
    })
    expect(issues).toEqual([])
    expect(collectors.map(({ key, source }) => [key, source])).toEqual([
      ['clusterResources', 'added by auto: standard'],
      ['data', 'job.yaml'],
      ['clusterInfo', 'job.yaml'],
      ['logs', 'added by auto: standard'],
      ['images', 'added by auto: standard'],
    ])
    expect(collectors.find(({ key }) => key === 'images')).toMatchObject({
      state: 'ready',
      writes: ['images'],
      permissions: [{ resources: ['pods'], verbs: ['list'] }],
    })
    expect(documents).toHaveLength(1)
    expect(auto).toMatchObject({
      kind: 'SupportBundle',
      spec: { collectors: [{ clusterResources: {} }, { logs: {} }, { images: {} }] },
    })
    expect(await inspect({ sources: [] })).not.toHaveProperty('auto')
  })

  it('says that nothing would run', async () => {
    const { issues } = await inspect({ sources: value({}) })
    expect(issues).toEqual([expect.objectContaining({ code: 'SPEC_EMPTY', severity: 'error' })])
  })

  it('warns of plug-ins that did not load when a key is unknown', async () => {
    await writePlugin(space.plugins, 'collectors', 'bad', 'throw new Error("bad day")')
    const { issues } = await inspect({ sources: value({ collectors: [{ other: {} }] }) })
    expect(issues.map(({ code, severity }) => [code, severity])).toEqual([
      ['PLUGIN_NOT_LOADED', 'warning'],
      ['COLLECTOR_UNKNOWN', 'error'],
    ])
  })

  it('reads upload targets, by name and by URL', async () => {
    expect(await targetIssues({ url: 'file:///var/backups' })).toEqual({
      targets: [{ uploader: 'local', config: { path: '/var/backups' } }],
      issues: [],
    })
    expect(await targetIssues({ uploader: 'local', config: { path: '/x' } })).toEqual({
      targets: [{ uploader: 'local', config: { path: '/x' } }],
      issues: [],
    })
    expect(await targetIssues({ url: 'discard' })).toEqual({ targets: [{ uploader: 'discard', config: {} }], issues: [] })
  })

  it.each([
    ['a scheme that nobody knows', { url: 'fil:///x' }, /^UPLOADER_UNKNOWN .*"fil:"/],
    ['a URL that is none', { url: 'weird://[' }, /^UPLOADER_CONFIG uploader "weird": Invalid URL$/],
    ['a URL that the uploader cannot use', { url: 'file://host/x' }, /^UPLOAD_URL_INVALID /],
    ['a URL that breaks the uploader', { url: 'weird://x' }, /^UPLOADER_CONFIG uploader "weird": boom$/],
    ['a name that nobody has', { uploader: 'locl' }, /^UPLOADER_UNKNOWN .*did you mean "local"/],
    ['an uploader that did not load', { uploader: 'broken' }, /^PLUGIN_NOT_LOADED .*broken did not load: no disk$/],
    ['a key that it does not know', { uploader: 'discard', config: { x: 1 } }, /^UPLOADER_CONFIG .*x: not a known key$/],
    ['a wrong value', { uploader: 'local', config: { path: 'relative' } }, /^UPLOADER_CONFIG .*path: must be an absolute path/],
  ])('%s is an issue, not a crash', async (_, target, want) => {
    await writePlugin(space.plugins, 'uploaders', 'weird', uploaderModule('weird', '', `fromUrl() { throw new Error('boom') },`))
    await writePlugin(space.plugins, 'uploaders', 'broken', 'throw new Error("no disk")')
    const { targets, issues } = await targetIssues(target)
    expect(targets).toEqual([])
    expect(issues).toEqual([expect.stringMatching(want)])
  })
})

describe('plugins', () => {
  it('lists what there is and what did not load', async () => {
    await writePlugin(space.plugins, 'collectors', 'mine', collectorModule('mine', ''))
    await writePlugin(space.plugins, 'collectors', 'bad', 'throw new Error("bad day")')
    const { plugins, problems } = await pluginsTask({ task: 'plugins', pluginFolders: [] }, { loader: loader() })
    expect(plugins.find(({ name }) => name === 'mine')).toEqual({
      kind: 'Collector',
      name: 'mine',
      key: 'mine',
      summary: 'made by a test',
      version: '1.0.0',
      isBuiltIn: false,
    })
    expect(plugins.find(({ name }) => name === 'host-copy')).toMatchObject({ key: 'copy', isBuiltIn: true })
    expect(problems).toEqual([
      { code: 'PLUGIN_NOT_LOADED', message: expect.stringContaining('bad day'), remedy: expect.any(String) },
    ])
  })
})

describe('a spec at an address', () => {
  const at = (answer: Response | Error) =>
    inspectTask(
      {
        task: 'inspect-spec',
        sources: [{ url: 'https://a.example/b', name: 'https://a.example/b' }],
        targets: [],
        pluginFolders: [],
      },
      {
        loader: loader(),
        platform: 'linux',
        clock: systemClock,
        signal: new AbortController().signal,
        fetch: async () => {
          if (answer instanceof Error) throw answer
          return answer
        },
      },
    )

  it('is fetched, and does not send on to another', async () => {
    const text = JSON.stringify({ ...spec({}), spec: { hostCollectors: [{ cpu: {} }], uri: 'https://a.example/c' } })
    const { collectors, documents } = await at(new Response(text))
    expect(collectors.map(({ key, kind, state, writes }) => [key, kind, state, writes])).toEqual([
      ['cpu', 'HostCollector', 'ready', ['host-collectors/system', 'host-collectors/errors']],
    ])
    expect(documents).toMatchObject([{ spec: { hostCollectors: [{ cpu: {} }] } }])
    expect(JSON.stringify(documents)).not.toContain('uri')
  })

  it('that cannot be fetched is an issue', async () => {
    const { issues } = await at(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }))
    expect(issues).toMatchObject([
      { code: 'SPEC_SOURCE', severity: 'error', message: expect.stringContaining('ECONNREFUSED') as unknown },
    ])
  })
})

it('tells of each entry what becomes of it, where it writes and what that takes', async () => {
  const sources = value({
    collectors: [
      { logs: { name: 'app' } },
      { logs: { collectorName: 'other' } },
      { data: { data: 'x' } },
      { configMap: { exclude: true } },
      { ceph: {} },
      { dta: {} },
    ],
  })
  const { collectors } = await inspect({ sources })
  expect(collectors.map(({ key, state, writes }) => [key, state, writes])).toEqual([
    ['logs', 'ready', ['cluster-resources/pods/logs', 'app']],
    ['logs', 'ready', ['cluster-resources/pods/logs', 'other']],
    ['data', 'invalid', []],
    ['configMap', 'excluded', []],
    ['ceph', 'unsupported', []],
    ['dta', 'invalid', []],
  ])
  expect(collectors[0]?.permissions).toEqual([
    { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  ])
})
