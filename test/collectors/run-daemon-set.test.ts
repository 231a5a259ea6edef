import { describe, expect, it } from 'vitest'
import copyFromHost from '../../collectors/copy-from-host/index.ts'
import runDaemonSet from '../../collectors/run-daemon-set/index.ts'
import sysctl from '../../collectors/sysctl/index.ts'
import type { CollectorPlugin } from '../../core/contract/index.ts'
import {
  collectorContext,
  type FakeCluster,
  type FakeExecs,
  fakeKube,
  type FakePod,
  forbidden,
} from '../../core/testkit/index.ts'
import { tarBytes } from '../support/tar-bytes.ts'
import { noObjects } from './clusters.ts'
import { codes, collectFrom, issues, texts } from './collect.ts'
import { aNode } from './pods.ts'

const image = 'busybox:1'
const podSpec = {
  containers: [
    { name: 'main', image },
    { name: 'side', image },
  ],
}
const where = { namespaces: ['ns'] }

interface Created {
  metadata: { name: string; namespace: string }
  spec: Record<string, unknown>
}
/** Two good nodes around one that is away; how pods fare, by the node in their name. */
function cluster(fares: (node: string) => FakePod | Error = () => ({}), more: FakeCluster = {}) {
  const created: Created[] = []
  const nodes = [aNode('node-a', { labels: { disk: 'ssd' } }), aNode('node-b', { ready: false }), aNode('node-c')]
  const fate = (pod: object) => {
    created.push(pod as Created)
    return fares(/node-.$/.exec((pod as Created).metadata.name)?.[0] ?? '')
  }
  return { made: { objects: { ...noObjects, '/api/v1/nodes': nodes }, fate, ...more }, created }
}
const refused = { answers: { '/api/v1/nodes': forbidden('nodes') } }
const run = (collector: CollectorPlugin<never>, entry: object, made: FakeCluster) =>
  collectFrom(collector as CollectorPlugin, entry, made, where)
const lines = (...reasons: string[]) => `${JSON.stringify(reasons, undefined, 2)}\n`

describe('runDaemonSet', () => {
  const entry = { name: 'each', podSpec }

  it('writes a log for each node; one that is away has an error, and the others come all the same', async () => {
    const { made, created } = cluster((node) => ({ logs: { main: `main of ${node}`, side: `side of ${node}` } }))
    const gathered = await run(runDaemonSet as never, entry, made)
    expect(texts(gathered)).toEqual({
      'each/node-a.log': 'main of node-a',
      'each/node-a-side.log': 'side of node-a',
      'each/node-b-errors.json': lines('the node is not ready'),
      'each/node-c.log': 'main of node-c',
      'each/node-c-side.log': 'side of node-c',
    })
    expect(gathered.warnings).toMatchObject([{ code: 'NODE_MISSING', isLoss: true }])
    expect(created.map(({ metadata }) => metadata.name)).toEqual(['run-daemonset-each-node-a', 'run-daemonset-each-node-c'])
    expect(created[0]?.spec).toMatchObject({
      restartPolicy: 'Never',
      tolerations: [{ operator: 'Exists' }],
      affinity: { nodeAffinity: expect.anything() },
    })
  })

  it('tells why a pod did not run on a node, and keeps what it printed', async () => {
    const fates: Record<string, FakePod | Error> = {
      'node-a': { phase: 'Pending', waiting: { reason: 'ImagePullBackOff' } },
      'node-c': { phase: 'Running', logs: { main: 'so far' } },
    }
    const gathered = await run(runDaemonSet as never, entry, cluster((node) => fates[node] ?? {}).made)
    const files = texts(gathered)
    expect(files['each/node-a-errors.json']).toContain('ImagePullBackOff')
    expect(files['each/node-c.log']).toBe('so far')
    expect(files['each/node-c-errors.json']).toContain('timeout: it is running')
  })

  it('is refused on one node by pod security: that is no loss', async () => {
    const { made } = cluster((node) => (node === 'node-a' ? forbidden('violates PodSecurity') : {}))
    const gathered = await run(runDaemonSet as never, entry, made)
    expect(texts(gathered)['each/node-a-errors.json']).toContain('violates PodSecurity')
    expect(gathered.warnings.map(({ isLoss }) => isLoss)).toEqual([false, true])
  })

  it('runs only where the pods are meant for', async () => {
    const { made, created } = cluster()
    await run(runDaemonSet as never, { ...entry, podSpec: { ...podSpec, nodeSelector: { disk: 'ssd' } } }, made)
    expect(created).toHaveLength(1)
    const nowhere = await run(runDaemonSet as never, { ...entry, podSpec: { ...podSpec, nodeName: 'other' } }, made)
    expect(texts(nowhere)).toEqual({ 'each/errors.json': lines('there is no node that these pods are meant for') })
    expect(nowhere.warnings).toMatchObject([{ isLoss: false }])
  })

  it('says that it may not see the nodes', async () => {
    const gathered = await run(runDaemonSet as never, entry, cluster(undefined, refused).made)
    expect([texts(gathered), codes(gathered)]).toEqual([
      { 'each/errors.json': lines('nodes is forbidden') },
      ['DAEMON_SET_MISSING'],
    ])
  })

  it('has pods on eight nodes at a time, and one Secret for all of them', async () => {
    const nodes = Array.from({ length: 20 }, (_, index) => aNode(`n-${index}`))
    const { made } = cluster(undefined, { objects: { ...noObjects, '/api/v1/nodes': nodes } })
    const kube = fakeKube(made)
    const kinds: string[] = []
    const own = (object: object) => (kinds.push((object as { kind: string }).kind), kube.own(object))
    const data = { '.dockerconfigjson': Buffer.from('{}').toString('base64') }
    const imagePullSecret = { name: 'x', type: 'kubernetes.io/dockerconfigjson', data }
    const { value: config } = (await runDaemonSet.configSchema['~standard'].validate({ ...entry, imagePullSecret })) as {
      value: never
    }
    const outputs = runDaemonSet.collect(collectorContext({ config, kube: { ...kube, own }, namespaces: ['ns'] }))
    const iterator = outputs[Symbol.asyncIterator]()
    const first = await iterator.next()
    expect(first.value).toMatchObject({ path: 'each/n-0.log' })
    expect(kinds).toEqual(['Secret', ...Array<string>(8).fill('Pod')])
    for (let step = first; !step.done; step = await iterator.next());
    expect(kinds).toHaveLength(21)
  })
})

describe('sysctl', () => {
  it('writes a file for each node that is ready, and errors where no analyzer looks', async () => {
    const { made, created } = cluster((node) => ({ logs: { run: `/proc/sys/vm/${node} = 1\n` } }))
    const gathered = await run(sysctl as never, { image, imagePullPolicy: 'Never' }, made)
    expect(texts(gathered)).toEqual({
      'sysctl/node-a': '/proc/sys/vm/node-a = 1\n',
      'sysctl-errors/node-b.json': lines('the node is not ready'),
      'sysctl/node-c': '/proc/sys/vm/node-c = 1\n',
    })
    expect(created[0]?.spec).toMatchObject({ hostNetwork: true, containers: [{ image, imagePullPolicy: 'Never' }] })
  })

  it('says that it may not see the nodes, or create a pod', async () => {
    const unseen = await run(sysctl as never, { image }, cluster(undefined, refused).made)
    expect(texts(unseen)).toEqual({ 'sysctl-errors/errors.json': lines('nodes is forbidden') })
    const gathered = await run(sysctl as never, { image }, cluster(() => forbidden('pods')).made)
    expect(Object.keys(texts(gathered))).toEqual(['node-a', 'node-b', 'node-c'].map((node) => `sysctl-errors/${node}.json`))
    expect(gathered.warnings.map(({ isLoss }) => isLoss)).toEqual([false, true, false])
  })
})

describe('copyFromHost', () => {
  const entry = { name: 'logs', image, hostPath: '/var/log/app' }
  const isRunning = () => ({ phase: 'Running' as const })
  const key = (node: string) => `ns/copyfromhost-${node}/collector`
  const TAR = tarBytes([
    { name: 'app/a.log', body: 'a' },
    { name: 'app/link', flag: '2', linkTo: '/etc/shadow' },
  ])
  const there: FakeExecs = { [key('node-a')]: { stdout: TAR }, [key('node-c')]: { stdout: TAR } }
  const away = { 'logs/node-b/error.txt': 'the node is not ready' }

  it('writes one archive a node, as it is', async () => {
    const { made, created } = cluster(isRunning, { execs: there })
    const gathered = await run(copyFromHost as never, entry, made)
    expect(gathered.files.map(({ path, format }) => [path, format])).toEqual([
      ['logs/node-a/archive.tar', 'binary'],
      ['logs/node-b/error.txt', 'text'],
      ['logs/node-c/archive.tar', 'binary'],
    ])
    expect(Buffer.compare(gathered.files[0]?.bytes ?? new Uint8Array(), TAR)).toBe(0)
    expect(created[0]?.spec).toMatchObject({
      containers: [{ image, command: ['sleep'], volumeMounts: [{ name: 'host', mountPath: '/host', readOnly: true }] }],
      volumes: [{ name: 'host', hostPath: { path: '/var/log', type: 'Directory' } }],
    })
  })

  it('writes files by themselves when it shall, and follows no link', async () => {
    const { made } = cluster(isRunning, { execs: there })
    const gathered = await run(copyFromHost as never, { ...entry, name: '', extractArchive: true }, made)
    expect(texts(gathered)).toEqual({
      'var/log/app/node-a/app/a.log': 'a',
      'var/log/app/node-b/error.txt': 'the node is not ready',
      'var/log/app/node-c/app/a.log': 'a',
    })
    expect(codes(gathered)).toEqual(['COPY_LEFT_OUT', 'NODE_MISSING', 'COPY_LEFT_OUT'])
  })

  it.each([
    ['/var/log/app/', '/var/log', ['tar', '-C', '/host', '-cf', '-', 'app']],
    ['/etc', '/etc', ['tar', '-C', '/', '-cf', '-', 'host']],
  ])('mounts, of %s, %s', async (hostPath, mounted, command) => {
    const commands: string[][] = []
    const execs: FakeExecs = { [key('node-a')]: (words) => (commands.push(words), { stdout: TAR }) }
    const { made, created } = cluster(isRunning, { execs })
    await run(copyFromHost as never, { ...entry, hostPath }, made)
    expect(created[0]?.spec).toMatchObject({ volumes: [{ hostPath: { path: mounted } }] })
    expect(commands).toEqual([command])
  })

  it('says that there is no such folder, or file: that is no loss', async () => {
    const message = 'MountVolume.SetUp failed for volume "host" : hostPath type check failed: /var/log is not a directory'
    const fates: Record<string, FakePod> = { 'node-a': { phase: 'Pending', events: [{ reason: 'FailedMount', message }] } }
    const stderr = 'tar: app: No such file or directory\n'
    const execs = { [key('node-c')]: { stdout: Buffer.alloc(1024), exitCode: 1, stderr } }
    const { made } = cluster((node) => fates[node] ?? isRunning(), { execs })
    const gathered = await run(copyFromHost as never, entry, made)
    expect(texts(gathered)).toEqual({
      'logs/node-a/error.txt': 'path does not exist',
      ...away,
      'logs/node-c/error.txt': 'command terminated with exit code 1',
      'logs/node-c/stderr.txt': stderr,
    })
    expect(gathered.warnings.map(({ isLoss }) => isLoss)).toEqual([false, true, false])
  })

  it('says that its pod ended, that it may not see the nodes', async () => {
    const ended = await run(copyFromHost as never, entry, cluster(() => ({ phase: 'Failed' })).made)
    expect(texts(ended)['logs/node-a/error.txt']).toBe('its pod has ended by itself')
    const unseen = await run(copyFromHost as never, entry, cluster(undefined, refused).made)
    expect(texts(unseen)).toEqual({ 'logs/errors.json': lines('nodes is forbidden') })
  })

  it.each<[string, string]>([
    ['var/log', 'must be absolute'],
    ['/', 'must name a file or a folder, not all that there is'],
    ['/var/..', 'must name a file or a folder, not all that there is'],
  ])('refuses the path %j', async (hostPath, message) => {
    expect(await issues(copyFromHost, { ...entry, hostPath })).toEqual([`hostPath: ${message}`])
  })
})
