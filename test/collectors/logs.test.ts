import { describe, expect, it } from 'vitest'
import { limitsOf } from '../../collectors/logs/limits.ts'
import logs from '../../collectors/logs/index.ts'
import { LogsConfig } from '../../collectors/logs/schema.ts'
import { containersOf, type LogSource } from '../../core/contract/index.ts'
import { type FakeCluster, forbidden } from '../../core/testkit/index.ts'
import { aPod, CRASHED, payments } from './clusters.ts'
import { collectFrom, issues, texts } from './collect.ts'

const now = new Date('2026-01-01T12:00:00Z')
const clock = { now: () => now, sleep: () => Promise.resolve() }
const config = (entry: object) => LogsConfig.parse(entry)
const ROOT = 'cluster-resources/pods/logs'

describe('limits', () => {
  it.each<[string, object, Date | undefined, object]>([
    ['none: 10,000 lines', {}, undefined, { maxLines: 10_000 }],
    ['given, but empty: lines and bytes', { limits: {} }, undefined, { maxLines: 10_000, maxBytes: 5_000_000 }],
    ['lines', { limits: { maxLines: 5 } }, undefined, { maxLines: 5, maxBytes: 5_000_000 }],
    [
      'an age alone',
      { limits: { maxAge: '1h30m', maxLines: 5 } },
      undefined,
      { sinceTime: new Date('2026-01-01T10:30:00Z'), maxLines: 1_000_000 },
    ],
    [
      'a time alone',
      { limits: { sinceTime: '2026-01-01T01:00:00+01:00', maxAge: '1h' } },
      undefined,
      { sinceTime: new Date('2026-01-01T00:00:00Z'), maxLines: 1_000_000 },
    ],
    [
      'those of the run',
      { limits: { maxLines: 5 }, timestamps: true },
      new Date(0),
      { sinceTime: new Date(0), maxLines: 1_000_000, timestamps: true },
    ],
  ])('%s', (_, entry, since, wanted) => {
    expect(limitsOf(config(entry), { since, clock })).toEqual(wanted)
  })

  it('refuses what is no duration', async () => {
    expect(await issues(logs, { limits: { maxAge: 'yesterday' } })).toEqual([
      'limits.maxAge: must be a duration, like "72h" or "1h30m"',
    ])
  })
})

describe('logs', () => {
  it('writes logs, those before a restart, and links to them', async () => {
    const { files } = await collectFrom(logs, { name: 'app', selector: ['app=web'] }, payments)
    expect(files.map(({ path, links, text }) => [path, links, text])).toEqual([
      [`${ROOT}/payments/web-1/web.log`, ['app/web-1/web.log'], 'one\n'],
      [`${ROOT}/payments/web-2/web.log`, ['app/web-2/web.log'], 'two\n'],
      [`${ROOT}/payments/web-2/web-previous.log`, ['app/web-2/web-previous.log'], 'before\n'],
    ])
  })

  it.each([
    ['', 'web-1/web.log'],
    ['/lead/', 'lead/web-1/web.log'],
  ])('links below %j', async (name, link) => {
    const { files } = await collectFrom(logs, { name }, payments)
    expect(files[0]?.links).toEqual([link])
  })

  it('takes all containers, those that initialize last, or the named ones', async () => {
    const pod = aPod({ name: 'two', containers: ['main', 'side'], initContainers: [{ name: 'init' }] })
    const cluster: FakeCluster = {
      objects: { '/api/v1/pods': [pod] },
      logs: { 'payments/two/main': '', 'payments/two/side': '', 'payments/two/init': '' },
    }
    const names = async (entry: object) =>
      (await collectFrom(logs, entry, cluster)).files.map(({ path }) => path.split('/').at(-1))
    expect(await names({})).toEqual(['main.log', 'side.log', 'init.log'])
    expect(await names({ containerNames: ['init'] })).toEqual(['init.log'])
  })

  it('does not ask for the log of a container that never ran, and says so', async () => {
    const waiting = (name: string, more: object = {}) => ({ name, state: { waiting: { reason: 'ImagePullBackOff' } }, ...more })
    const status = {
      phase: 'Pending',
      containerStatuses: [waiting('main'), waiting('side', { restartCount: 1, lastState: { terminated: {} } })],
      initContainerStatuses: [{ name: 'init', state: { terminated: {} } }],
    }
    const pod = aPod({ name: 'new', containers: ['main', 'side'], initContainers: [{ name: 'init' }], status })
    const logsOf = { 'payments/new/side': 's', 'payments/new/side-previous': 'p', 'payments/new/init': 'i' }
    const { files, warnings } = await collectFrom(logs, { name: 'app' }, { objects: { '/api/v1/pods': [pod] }, logs: logsOf })
    expect(files.map(({ path, text }) => [path.split('/').at(-1), text])).toEqual([
      ['main-errors.json', '[\n  "container \\"main\\" in pod \\"new\\" is waiting to start: ImagePullBackOff"\n]\n'],
      ['side.log', 's'],
      ['side-previous.log', 'p'],
      ['init.log', 'i'],
    ])
    expect(warnings).toEqual([])
  })

  it('asks for no log of a pod that is on no node', async () => {
    const pod = aPod({ name: 'new', status: { phase: 'Pending', containerStatuses: [] } })
    const { files } = await collectFrom(logs, {}, { objects: { '/api/v1/pods': [pod] } })
    expect(files.map(({ path }) => path)).toEqual(['new/web-errors.json'])
  })

  it('has a stand-in for a log that cannot be read, but not for one before a restart', async () => {
    const pod = aPod({ name: 'web-2', status: CRASHED })
    const outputs = []
    const context = {
      namespaces: ['*'],
      signal: new AbortController().signal,
      since: undefined,
      clock,
      config: config({ name: 'app' }),
    }
    const kube = {
      pods: async function* () {
        yield { json: pod, text: '' }
      },
      logs: () => 'x',
    }
    for await (const output of logs.collect({ ...context, kube } as never)) outputs.push(output)
    expect(outputs.map((output) => 'instead' in output && output.instead?.('why'))).toMatchObject([
      { path: 'app/web-2/web-errors.json', body: '[\n  "why"\n]\n' },
      false,
    ])
  })

  it.each([
    [['*'], 'refusing', ['payments', 'empty']],
    [['payments', 'empty'], 'named', []],
  ])('says which pods could not be listed: %j', async (namespaces) => {
    const answers = { '/api/v1/pods': forbidden('pods'), '/api/v1/namespaces/empty/pods': forbidden('pods in empty') }
    const gathered = await collectFrom(logs, { name: 'app' }, { ...payments, answers }, { namespaces })
    expect(Object.keys(texts(gathered))).toContain(`${ROOT}/payments/web-1/web.log`)
    expect(texts(gathered)['app/errors.json']).toBe('[\n  "pods in empty is forbidden"\n]\n')
    expect(gathered.warnings).toMatchObject([{ code: 'LOGS_MISSING', isLoss: false }])
  })

  it('names its errors after collectorName when it has no name', async () => {
    const answers = { '/api/v1/namespaces/a/pods': forbidden('pods') }
    expect(texts(await collectFrom(logs, { collectorName: 'c', namespace: 'a' }, { answers }))).toHaveProperty(['c/errors.json'])
  })
})

describe('what an entry wants of a log', () => {
  const object = { json: aPod({ name: 'web-1' }), text: '' }
  const source: LogSource = { namespace: 'payments', name: 'web-1', container: 'web', object }
  const wish = (entry: object, more: Partial<LogSource> = {}, namespaces = ['*']) =>
    logs.logWish?.({ config: config(entry), namespaces, since: undefined, clock }, { ...source, ...more })

  it('is its limits, and a link', () => {
    expect(wish({ name: 'app', limits: { maxLines: 3 } })).toEqual({
      limits: { maxLines: 3, maxBytes: 5_000_000 },
      links: ['app/web-1/web.log'],
    })
    expect(wish({ name: 'app' }, { previous: true })?.links).toEqual(['app/web-1/web-previous.log'])
  })

  it.each<[string, object, Partial<LogSource>, string[]]>([
    ['labels', { selector: ['app=other'] }, {}, ['*']],
    ['labels of a pod that is not known', { selector: ['app=web'] }, { object: { json: {}, text: '' } }, ['*']],
    ['another namespace', { namespace: 'other' }, {}, ['*']],
    ['a namespace that is not of the run', {}, {}, ['other']],
    ['another container', { containerNames: ['db'] }, {}, ['*']],
  ])('is nothing for %s', (_, entry, more, namespaces) => {
    expect(wish(entry, more, namespaces)).toBeUndefined()
  })
})

it('knows which containers were restarted', () => {
  const pod = aPod({
    name: 'web-2',
    status: { ...CRASHED, initContainerStatuses: [{ name: 'init', lastState: { terminated: {} } }] },
  })
  expect(containersOf({ json: pod, text: '' }).restarted).toEqual(new Set(['web', 'init']))
})
