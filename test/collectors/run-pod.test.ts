import { describe, expect, it } from 'vitest'
import run from '../../collectors/run/index.ts'
import runPod from '../../collectors/run-pod/index.ts'
import type { CollectorPlugin } from '../../core/contract/index.ts'
import { type FakeCluster, fakeKube, type FakePod, forbidden } from '../../core/testkit/index.ts'
import { payments } from './clusters.ts'
import { codes, collectFrom, issues, texts } from './collect.ts'

const LOGS = 'cluster-resources/pods/logs/payments'
const image = 'busybox:1'
const where = { namespaces: ['payments'] }
const podSpec = { containers: [{ name: 'collector', image }] }
const entry = { name: 'hello', podSpec }

/** A cluster in which created pods fare so, and what was created. */
function cluster(fares: FakePod | Error = { logs: { collector: 'hello\n' } }, more: FakeCluster = {}) {
  const created: Record<string, unknown>[] = []
  const fate = (pod: object) => (created.push(pod as Record<string, unknown>), fares)
  return { cluster: { ...payments, fate, ...more }, created }
}
const ran = (entryOf: object, fares?: FakePod | Error, collector: CollectorPlugin<never> = runPod as never) =>
  collectFrom(collector as CollectorPlugin, entryOf, cluster(fares).cluster, where)

describe('runPod', () => {
  it('writes log, status and events as the peer names them, whatever the pod is called', async () => {
    const events = [{ reason: 'Pulled', message: 'image is there', type: 'Normal' }]
    const gathered = await ran(entry, { logs: { collector: 'hello\n' }, events })
    expect(gathered.files.map(({ path, links }) => [path, ...links])).toEqual([
      [`${LOGS}/hello/collector.log`, 'hello/hello.log'],
      ['hello/hello.json'],
      ['hello/hello-events.json'],
    ])
    expect(gathered.files[0]?.text).toBe('hello\n')
    expect(JSON.parse(gathered.files[1]?.text ?? '')).toMatchObject({
      spec: { containers: null },
      status: { phase: 'Succeeded' },
    })
    expect(JSON.parse(gathered.files[2]?.text ?? '')).toMatchObject({ items: [{ reason: 'Pulled' }] })
    expect([codes(gathered), gathered.error]).toEqual([[], undefined])
  })

  it.each<[object, string[], string]>([
    [{ ...entry, collectorName: 'mine' }, [`${LOGS}/mine/collector.log`, 'hello/mine.log'], 'hello/hello.json'],
    [{ podSpec, collectorName: 'mine' }, [`${LOGS}/mine/collector.log`, 'mine.log'], 'mine/mine.json'],
    [{ podSpec }, [`${LOGS}/run-pod/collector.log`, 'run-pod.log'], 'run-pod/run-pod.json'],
    [{ podSpec, name: 'My Pod/x' }, [`${LOGS}/my-pod-x/collector.log`, 'My Pod/x/My Pod/x.log'], 'My Pod/x/x.json'],
  ])('names things after the entry: %j', async (named, log, status) => {
    const { files } = await ran(named)
    expect([files[0]?.path, ...(files[0]?.links ?? [])]).toEqual(log)
    expect(files[1]?.path).toBe(status)
  })

  it('creates the pod as it was described, with the label of the peer', async () => {
    const { cluster: made, created } = cluster()
    const spec = { ...podSpec, serviceAccountName: 'mine', imagePullSecrets: [{ name: 'theirs' }] }
    const annotations = { a: 'b' }
    await collectFrom(runPod, { ...entry, podSpec: spec, annotations, imagePullSecret: { name: 'registry' } }, made, where)
    expect(created).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'hello', namespace: 'payments', labels: { 'troubleshoot-role': 'run-collector' }, annotations },
        spec: { ...spec, imagePullSecrets: [{ name: 'theirs' }, { name: 'registry' }] },
      },
    ])
  })

  it('brings its own credentials for images', async () => {
    const { cluster: made, created } = cluster()
    const kube = fakeKube(made)
    const owned: Record<string, unknown>[] = []
    const own = (object: object) => (owned.push(object as Record<string, unknown>), kube.own(object))
    const data = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') }
    const imagePullSecret = { name: 'mine', type: 'kubernetes.io/dockerconfigjson', data }
    const { value: config } = (await runPod.configSchema['~standard'].validate({ ...entry, imagePullSecret })) as { value: never }
    const context = { config, kube: { ...kube, own }, namespaces: ['payments'], signal: new AbortController().signal }
    for await (const _ of runPod.collect(context as never));
    expect(owned[0]).toMatchObject({
      kind: 'Secret',
      metadata: { name: 'mine', namespace: 'payments' },
      type: imagePullSecret.type,
      data,
    })
    const { imagePullSecrets = [] } = (created[0]?.['spec'] ?? {}) as { imagePullSecrets?: { name: string }[] }
    const [secret] = imagePullSecrets
    expect(secret?.name).toMatch(/^mine-\w+$/)
  })

  it('has a link for the first container, and a folder for the others', async () => {
    const containers = [
      { name: 'one', image },
      { name: 'two', image },
    ]
    const gathered = await ran({ name: 'hello', podSpec: { containers } }, { logs: { one: '1', two: '2' } })
    expect(gathered.files.slice(0, 2).map(({ path, links }) => [path, ...links])).toEqual([
      [`${LOGS}/hello/one.log`, 'hello/hello.log'],
      [`${LOGS}/hello/two.log`, 'hello/hello/two.log'],
    ])
  })

  it('is no failure when the pod fails: its log and status say so', async () => {
    const gathered = await ran(entry, { phase: 'Failed', logs: { collector: 'no' } })
    expect([Object.keys(texts(gathered)).length, gathered.error]).toEqual([3, undefined])
  })

  it.each<[string, FakePod, string]>([
    [
      'an image that does not come',
      { phase: 'Pending', waiting: { reason: 'ImagePullBackOff', message: 'Back-off' } },
      'ImagePullBackOff: Back-off',
    ],
    ['an image name that is none', { phase: 'Pending', waiting: { reason: 'InvalidImageName' } }, 'InvalidImageName'],
    [
      'no node',
      { phase: 'Pending', unschedulable: '0/1 nodes are available' },
      'timeout: it is pending, Unschedulable: 0/1 nodes are available',
    ],
    ['no end', { phase: 'Running', logs: { collector: 'so far' } }, 'timeout: it is running'],
  ])('fails with the reason, and keeps what there is: %s', async (_, fares, reason) => {
    const gathered = await ran({ ...entry, timeout: '30s' }, fares)
    expect(gathered.error).toMatchObject({ code: 'POD_NOT_RUN', message: expect.stringContaining(reason) })
    const begun = fares.phase === 'Running' ? [`${LOGS}/hello/collector.log`] : []
    expect(Object.keys(texts(gathered))).toEqual([...begun, 'hello/hello.json', 'hello/hello-events.json'])
  })

  it('waits for an image when it shall', async () => {
    const waiting = { reason: 'ImagePullBackOff' }
    const gathered = await ran({ ...entry, timeout: '30s', allowImagePullRetries: true }, { phase: 'Pending', waiting })
    expect(gathered.error).toMatchObject({ message: expect.stringContaining('timeout: it is pending, ImagePullBackOff') })
  })

  it('gives up a pod that does not begin, when there is no time-out', async () => {
    const gathered = await ran(entry, { phase: 'Pending', unschedulable: 'no room' })
    expect(gathered.error).toMatchObject({ message: expect.stringContaining('timeout: it is pending, Unschedulable: no room') })
  })

  it.each<[string, Error, boolean]>([
    ['is not allowed', forbidden('pods'), false],
    ['cannot be', new Error('no room in etcd'), true],
  ])('writes that creating it %s', async (_, error, isLoss) => {
    const gathered = await ran(entry, error)
    expect(texts(gathered)).toEqual({ 'hello/hello-errors.json': `${JSON.stringify([error.message], undefined, 2)}\n` })
    expect(gathered.warnings).toMatchObject([{ code: 'POD_NOT_RUN', isLoss }])
    expect(gathered.error).toBeUndefined()
  })

  it('does without events that it may not see', async () => {
    const answers = { '/api/v1/namespaces/payments/events': forbidden('events') }
    const gathered = await collectFrom(runPod, entry, cluster(undefined, { answers }).cluster, where)
    expect(Object.keys(texts(gathered))).toEqual([`${LOGS}/hello/collector.log`, 'hello/hello.json'])
    expect(codes(gathered)).toEqual(['EVENTS_MISSING'])
  })

  it.each<[string[], string | undefined, string | undefined, string]>([
    [['payments'], undefined, undefined, 'payments'],
    [['payments'], 'other', undefined, 'other'],
    [['a', 'b'], undefined, 'mine', 'mine'],
    [['*'], undefined, 'mine', 'mine'],
    [['*'], undefined, undefined, 'default'],
  ])('creates it, of %j, for %j with %j, in %s', async (namespaces, namespace, defaultNamespace, wanted) => {
    const { cluster: made, created } = cluster()
    const options = { namespaces, ...(defaultNamespace ? { defaultNamespace } : {}) }
    await collectFrom(runPod, { ...entry, ...(namespace ? { namespace } : {}) }, made, options)
    expect(created).toMatchObject([{ metadata: { namespace: wanted } }])
  })
})

describe('run', () => {
  it('makes a pod of an image', async () => {
    const { cluster: made, created } = cluster()
    const gathered = await collectFrom(run, { name: 'hello', image, command: ['echo'], args: ['a b'] }, made, where)
    expect(created).toMatchObject([
      {
        metadata: { name: 'hello', namespace: 'payments' },
        spec: {
          restartPolicy: 'Never',
          serviceAccountName: 'default',
          containers: [{ name: 'collector', image, imagePullPolicy: 'IfNotPresent', command: ['echo'], args: ['a b'] }],
        },
      },
    ])
    expect(Object.keys(texts(gathered))).toEqual([`${LOGS}/hello/collector.log`, 'hello/hello.json', 'hello/hello-events.json'])
  })

  it('takes its policy and its account from the entry', async () => {
    const { cluster: made, created } = cluster()
    await collectFrom(run, { image, imagePullPolicy: 'Always', serviceAccountName: 'mine' }, made, where)
    expect(created).toMatchObject([{ spec: { serviceAccountName: 'mine', containers: [{ imagePullPolicy: 'Always' }] } }])
  })
})

const secret = (more: object) => ({ ...entry, imagePullSecret: { name: 'x', type: 'kubernetes.io/dockerconfigjson', ...more } })
it.each<[object, string]>([
  [{ name: 'x', podSpec: { containers: [] } }, 'podSpec.containers: must have at least one container'],
  [secret({ data: { a: 'b' } }), 'imagePullSecret.data: must have the one key ".dockerconfigjson"'],
  [secret({ data: { '.dockerconfigjson': 'geheim' } }), 'imagePullSecret.data: ".dockerconfigjson" must be JSON in base64'],
  [
    secret({ type: 'Opaque', data: { '.dockerconfigjson': 'e30=' } }),
    'imagePullSecret.type: must be "kubernetes.io/dockerconfigjson"',
  ],
])('refuses %j', async (wrong, message) => {
  expect(await issues(runPod, wrong)).toEqual([message])
})
