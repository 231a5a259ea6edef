import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CollectorReport } from '../../agent/bundle/report.ts'
import { AGENT_NAMESPACE } from '../../core/names.ts'
import { childrenOf, collectAsPeer, filesIn, specFile, startCollecting } from './collected.ts'
import { WORKLOAD_IMAGE } from './images.ts'
import { cliOf, installAgent } from './installed.ts'
import { useNode } from './use-node.ts'
import { waitFor } from './wait-for.ts'
import { aWorkload } from './workload.ts'

const node = useNode()
const cli = cliOf(node)
const LABEL = 'support-bundle-schedule.io/run'
const VIEWER = join(import.meta.dirname, '..', '..', 'manifests', 'viewer')

/** One bundle with these entries, by an administrator's hand. */
async function collect(namespace: string, entries: object[], ...flags: string[]) {
  const to = join(mkdtempSync(join(tmpdir(), 'collected-')), 'bundle.tar.gz')
  const { code, err } = await cli('collect', specFile(entries), '-n', namespace, '--to', to, ...flags)
  if (code !== 0) throw new Error(`collect ended with ${code}: ${err}`)
  const files = filesIn(to)
  const own = Object.fromEntries(Object.entries(files).filter(([path]) => !/^(cluster-resources|cluster-info)\//.test(path)))
  return { files, own, err }
}

/** Pods and Secrets that runs created and that are still there. */
async function leftovers(): Promise<string[]> {
  const listed = await node.kubectl(['get', 'pods,secrets', '-A', '-l', LABEL, '-o', 'name'])
  return listed.split('\n').filter(Boolean)
}

const withWeb = (work: (namespace: string, pod: string) => Promise<void>, first?: string) =>
  node.inNewNamespace(async (namespace) => {
    await node.kubectl(['apply', '-n', namespace, '-f', '-'], aWorkload('web', first ? { first } : {}))
    const [pod] = await node.readyPods(namespace, 'app=web')
    await work(namespace, pod?.metadata.name ?? '')
  })

describe('exec', () => {
  it('gives what a command prints, its errors and how it ended', () =>
    withWeb(async (namespace, pod) => {
      const script = (text: string) => ({ selector: ['app=web'], namespace, command: ['sh', '-c'], args: [text] })
      const { own, err } = await collect(namespace, [
        { exec: { name: 'good', ...script('echo "a&b  c"; echo oops >&2') } },
        { exec: { name: 'bad', ...script('echo before; exit 3') } },
        { exec: { name: 'large', ...script('dd if=/dev/zero bs=1024 count=65536 2>/dev/null | tr "\\0" "x" | fold -w 99') } },
        { exec: { name: 'late', timeout: '2s', ...script('echo first; sleep 60') } },
        { exec: { name: 'none', ...script(':') } },
        { exec: { name: 'absent', selector: ['app=web'], namespace, command: ['/no/such/program'] } },
        { exec: { name: 'nobody', selector: ['app=nobody'], namespace, command: ['true'] } },
      ])
      const at = (name: string, end: string) => own[`${name}/${namespace}/${pod}/main-${end}`]
      expect(at('good', 'stdout.txt')).toBe('a&b  c\n')
      expect(at('good', 'stderr.txt')).toBe('oops\n')
      expect(at('good', 'errors.json')).toBeUndefined()
      expect(at('bad', 'stdout.txt')).toBe('before\n')
      expect(JSON.parse(at('bad', 'errors.json') ?? '')).toEqual(['command terminated with exit code 3'])
      expect(at('large', 'stdout.txt')?.replaceAll('\n', '').length).toBe(64 * 2 ** 20)
      expect(at('late', 'stdout.txt')).toBe('first\n')
      expect(JSON.parse(at('late', 'errors.json') ?? '')).toEqual(['timeout'])
      expect(Object.keys(own).filter((path) => path.startsWith('none/'))).toEqual([])
      expect(at('absent', 'errors.json')).toMatch(/no such file/)
      expect(err).toMatch(/no pod has these labels/)
    }))
})

describe('copy', () => {
  it('gives the files of a container, streamed', () =>
    withWeb(async (namespace, pod) => {
      const script = [
        'mkdir -p /tmp/data/sub "/tmp/data/odd name"',
        'echo conf > /tmp/data/a.conf',
        'echo "password: hunter2hunter2" > /tmp/data/sub/b.yaml',
        'echo odd > "/tmp/data/odd name/ü.txt"',
        'dd if=/dev/zero bs=1024 count=20480 2>/dev/null | tr "\\0" "y" | fold -w 99 > /tmp/data/large.log',
        'ln -s /etc/passwd /tmp/data/link',
        'echo inner > /tmp/inner && tar -C /tmp -czf /tmp/data/inner.tgz inner',
        'head -c 3000 /dev/urandom > /tmp/data/random.bin',
        ': > /tmp/data/empty',
      ].join('; ')
      await node.kubectl(['exec', pod, '-n', namespace, '--', 'sh', '-c', script])
      const common = { selector: ['app=web'], namespace }
      const { own, err } = await collect(namespace, [
        { copy: { name: 'data', ...common, containerPath: '/tmp/data' } },
        { copy: { name: 'one', ...common, containerName: 'main', containerPath: '/tmp/data/a.conf' } },
        { copy: { name: 'gone', ...common, containerPath: '/tmp/gone' } },
      ])
      const root = `data/${namespace}/${pod}/tmp/data`
      expect(
        Object.keys(own)
          .filter((path) => path.startsWith('data/'))
          .toSorted(),
      ).toEqual(['a.conf', 'empty', 'inner.tgz', 'large.log', 'odd name/ü.txt', 'sub/b.yaml'].map((name) => `${root}/${name}`))
      expect(own[`${root}/a.conf`]).toBe('conf\n')
      expect(own[`${root}/sub/b.yaml`]).not.toContain('hunter2')
      expect(own[`${root}/large.log`]?.replaceAll('\n', '').length).toBe(20 * 2 ** 20)
      expect(own[`one/${namespace}/${pod}/main/tmp/data/a.conf`]).toBe('conf\n')
      expect(Object.keys(JSON.parse(own[`gone/${namespace}/${pod}/tmp/gone-errors.json`] ?? '{}') as object)).toEqual([
        '/tmp/gone/error',
        '/tmp/gone/stderr',
      ])
      expect(err).toMatch(/data\/link.*not followed/)
      expect(err).toMatch(/random\.bin.*binary/)
    }))
})

describe('run and runPod', () => {
  const container = (script: string) => ({
    name: 'collector',
    image: WORKLOAD_IMAGE,
    imagePullPolicy: 'Never',
    command: ['sh', '-c', script],
  })

  it('give what a pod prints, its status and its events, and leave nothing', () =>
    node.inNewNamespace(async (namespace) => {
      const image = { image: WORKLOAD_IMAGE, imagePullPolicy: 'Never' }
      const { own, files } = await collect(namespace, [
        {
          run: {
            name: 'hello',
            ...image,
            command: ['sh', '-c'],
            args: ['echo hello; exit 4'],
          },
        },
        { runPod: { name: 'pod', podSpec: { containers: [container('echo one'), { ...container('echo two'), name: 'two' }] } } },
      ])
      expect(own['hello/hello.log']).toBe('hello\n')
      expect(files[`cluster-resources/pods/logs/${namespace}/hello/collector.log`]).toBe(own['hello/hello.log'])
      const status = JSON.parse(own['hello/hello.json'] ?? '') as { status: { phase: string }; spec: object }
      expect([status.status.phase, status.spec]).toEqual(['Failed', { containers: null }])
      expect(own['hello/hello-events.json']).toContain('Started')
      expect([own['pod/pod.log'], own['pod/pod/two.log']]).toEqual(['one\n', 'two\n'])
      expect(await leftovers()).toEqual([])
    }))

  it('end in time, say why, and leave nothing', () =>
    node.inNewNamespace(async (namespace) => {
      const podSpec = (more: object, script = 'echo begun; sleep 600') => ({ containers: [container(script)], ...more })
      const dockerconfigjson = Buffer.from('{"auths":{"localhost":{"auth":"dXNlcjpnZWhlaW1nZWhlaW0="}}}').toString('base64')
      const imagePullSecret = {
        name: 'mine',
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': dockerconfigjson },
      }
      const { own, err } = await collect(namespace, [
        { runPod: { name: 'late', timeout: '6s', podSpec: podSpec({}) } },
        { runPod: { name: 'nowhere', timeout: '3s', podSpec: podSpec({ nodeSelector: { no: 'such' } }) } },
        { run: { name: 'no-image', timeout: '60s', image: 'localhost/no-such:1', imagePullSecret } },
        { run: { name: 'refused', image: WORKLOAD_IMAGE, serviceAccountName: 'nobody' } },
      ])
      expect(own['late/late.log']).toBe('begun\n')
      expect(err).toMatch(/runPod: .*timeout: it is running/)
      expect(err).toMatch(/runPod: .*timeout: it is pending, Unschedulable: 0\/1 nodes are available/)
      expect(err).toMatch(/run: .*ImagePullBackOff/)
      expect(own['refused/refused-errors.json']).toMatch(/serviceaccount.*nobody/i)
      expect(Object.keys(own).filter((path) => path.startsWith('collector-errors/')).length).toBe(3)
      expect(await leftovers()).toEqual([])
    }))
})

describe('a pod on each node', () => {
  const image = { image: WORKLOAD_IMAGE, imagePullPolicy: 'Never' }

  it('gives logs, kernel parameters and files of the node, and leaves nothing', () =>
    node.inNewNamespace(async (namespace) => {
      await node.kubectl(['cordon', 'node-1'])
      await node.kubectl(['taint', 'nodes', 'node-1', 'mine=yes:NoExecute'])
      try {
        const container = { name: 'collector', ...image, command: ['sh', '-c', 'echo on a node'] }
        const { own, err } = await collect(namespace, [
          { runDaemonSet: { name: 'each', podSpec: { containers: [container] } } },
          { sysctl: image },
          { copyFromHost: { name: 'tree', ...image, hostPath: '/etc/apt/', extractArchive: true } },
          { copyFromHost: { name: 'packed', ...image, hostPath: '/etc/debian_version' } },
          { copyFromHost: { name: 'gone', ...image, hostPath: '/no/such/folder' } },
          { copyFromHost: { name: 'none', ...image, hostPath: '/etc/no-such-file' } },
          { runDaemonSet: { name: 'elsewhere', podSpec: { nodeSelector: { no: 'such' }, containers: [container] } } },
        ])
        expect(own['each/node-1.log']).toBe('on a node\n')
        expect(own['sysctl/node-1']).toMatch(/^\/proc\/sys\/net\/ipv4\/ip_forward = 1$/m)
        expect(own['sysctl/node-1']).toMatch(/^\/proc\/sys\/vm\/swappiness = \d+$/m)
        expect(Object.keys(own)).toContain('tree/node-1/apt/sources.list.d/debian.sources')
        expect(own['packed/node-1/archive.tar']).toMatch(/^debian_version\0[^]*\d+\.\d+\n/)
        expect(own['gone/node-1/error.txt']).toBe('path does not exist')
        expect(own['none/node-1/error.txt']).toBe('command terminated with exit code 1')
        expect(own['none/node-1/stderr.txt']).toMatch(/no-such-file/)
        expect(JSON.parse(own['elsewhere/errors.json'] ?? '')).toEqual(['there is no node that these pods are meant for'])
        expect(err).toMatch(/node-1: path does not exist/)
      } finally {
        await node.kubectl(['taint', 'nodes', 'node-1', 'mine-'])
        await node.kubectl(['uncordon', 'node-1'])
      }
      expect(await leftovers()).toEqual([])
    }))

  it('is refused where pod security is strict, and that is no loss', () =>
    node.inNewNamespace(
      async (namespace) => {
        const { own, err } = await collect(namespace, [{ sysctl: image }])
        expect(own['sysctl-errors/node-1.json']).toMatch(/violates PodSecurity/)
        expect(err).not.toContain('partial')
        expect(await leftovers()).toEqual([])
      },
      { 'pod-security.kubernetes.io/enforce': 'baseline' },
    ))
})

describe('dns and etcd', () => {
  it('tell what there is, without either of them', () =>
    node.inNewNamespace(async (namespace) => {
      const { own, err } = await collect(namespace, [{ dns: { image: WORKLOAD_IMAGE, timeout: '30s' } }, { etcd: {} }])
      const debug = JSON.parse(own['dns/debug.json'] ?? '') as { kubernetesClusterIP: string; podResolvConf: string }
      expect(debug.kubernetesClusterIP).toBe('10.96.0.1')
      expect(own['dns/debug.txt']).toContain(
        '=== Kubernetes Cluster IP from API Server: 10.96.0.1\n=== Test DNS resolution in pod',
      )
      expect(err).toMatch(/no etcd of this kind of cluster/)
      expect(await leftovers()).toEqual([])
    }))
})

describe('what a run created is gone', () => {
  const sleeper = (timeout = '') => {
    const container = { name: 'collector', image: WORKLOAD_IMAGE, imagePullPolicy: 'Never', command: ['sleep', '600'] }
    return { runPod: { name: 'sleeper', ...(timeout ? { timeout } : {}), podSpec: { containers: [container] } } }
  }
  const began = (namespace: string) => node.readyPods(namespace, LABEL)
  const gone = () => waitFor('nothing of a run', leftovers, (left) => left.length === 0)

  it('after a run whose time is over', () =>
    node.inNewNamespace(async (namespace) => {
      const { err } = await collect(namespace, [sleeper()], '--timeout', '15s')
      expect(err).toContain('partial')
      expect(await leftovers()).toEqual([])
    }))

  it('after SIGTERM', () =>
    node.inNewNamespace(async (namespace) => {
      const running = startCollecting(node, namespace, [sleeper()])
      await began(namespace)
      process.kill(running.pid, 'SIGTERM')
      expect(await running.ended).not.toBe(0)
      await gone()
    }))

  it('after SIGKILL of the task, once its time is over and another run begins', () =>
    node.inNewNamespace(async (namespace) => {
      const running = startCollecting(node, namespace, [sleeper()], '--timeout', '20s')
      await began(namespace)
      for (const child of childrenOf(running.pid)) process.kill(child, 'SIGKILL')
      expect(await running.ended).not.toBe(0)
      expect(await leftovers()).toHaveLength(1)
      const [pod] = await node
        .get<{ items: { spec: { activeDeadlineSeconds: number } }[] }>('pods', '-n', namespace)
        .then(({ items }) => items)
      expect(pod?.spec.activeDeadlineSeconds).toBeLessThanOrEqual(20)
      await waitFor(
        'the end of the killed run',
        async () => {
          await collect(namespace, [
            { run: { name: 'next', image: WORKLOAD_IMAGE, imagePullPolicy: 'Never', command: ['true'] } },
          ])
          return leftovers()
        },
        (left) => left.length === 0,
      )
    }))
})

describe('beside the peer', () => {
  it('has the same files with the same content', () =>
    withWeb(async (namespace) => {
      const image = { image: WORKLOAD_IMAGE, imagePullPolicy: 'Never' }
      const common = { namespace, selector: ['app=web'] }
      const container = { name: 'main', ...image, command: ['sh', '-c', 'echo on a node; sleep 2'] }
      const entries = [
        { exec: { name: 'exec', ...common, command: ['sh'], args: ['-c', 'echo out; echo err >&2; exit 3'] } },
        { exec: { name: 'named', collectorName: 'mine', ...common, command: ['echo', 'a  b'] } },
        { copy: { name: 'copy', ...common, containerPath: '/etc' } },
        { copy: { name: 'one', ...common, containerName: 'main', containerPath: '/tmp/index.html' } },
        { copy: { name: 'none', ...common, containerPath: '/tmp/none' } },
        { run: { name: 'run', namespace, ...image, command: ['echo'], args: ['ran'] } },
        {
          runPod: {
            name: 'pod',
            collectorName: 'called',
            namespace,
            podSpec: { containers: [container], restartPolicy: 'Never' },
          },
        },
        { runDaemonSet: { name: 'each', namespace, podSpec: { containers: [container] } } },
        { copyFromHost: { name: 'tree', ...image, hostPath: '/etc/debian_version', extractArchive: true } },
        { copyFromHost: { name: 'packed', ...image, hostPath: '/etc/debian_version' } },
        { copyFromHost: { ...image, hostPath: '/etc/none' } },
        { sysctl: { namespace, ...image } },
      ]
      const theirs = await collectAsPeer(node, namespace, entries)
      const { files: ours } = await collect(namespace, entries)
      // Not ours to write, or not compared: what is in every bundle, and words for the same thing that differ by nature.
      const isCompared = (path: string) =>
        !/^(cluster-(info|resources)\/(?!pods\/logs)|version\.yaml|analysis\.json|execution-data)/.test(path)
      const paths = Object.keys(theirs).filter(isCompared).toSorted()
      // With nothing in it.
      expect(paths.filter((path) => !(path in ours))).toEqual(['etc/none/node-1/archive.tar'])
      const isLive = /none\/node-1|\.json$|^sysctl\/|archive\.tar$|pods\/logs\/.*\/main(-previous)?\.log$/
      for (const path of paths.filter((one) => !isLive.test(one))) expect([path, ours[path]]).toEqual([path, theirs[path]])
      for (const path of paths.filter((one) => one.endsWith('-errors.json')))
        expect([path, ours[path]?.trim()]).toEqual([path, theirs[path]?.trim().replace('failed to stream command output: ', '')])
      // Each pod has a network interface while it runs.
      const names = (text = '') =>
        text
          .split('\n')
          .map((line) => line.replace(/ = .*/, ''))
          .filter((line) => !line.includes('/veth'))
      expect(names(ours['sysctl/node-1'])).toEqual(names(theirs['sysctl/node-1']))
      expect(ours['packed/node-1/archive.tar']?.slice(0, 20)).toBe(theirs['packed/node-1/archive.tar']?.slice(0, 20))
      const keys = (text = '{}') => Object.keys(JSON.parse(text) as object).toSorted()
      expect(keys(ours['run/run.json'])).toEqual(expect.arrayContaining(keys(theirs['run/run.json'])))
      expect(keys(ours['run/run-events.json'])).toEqual(keys(theirs['run/run-events.json']))
    }))
})

describe('by the agent, with what "install namespace --allow exec,pods" grants', () => {
  const TENANT = 'collectors'
  const image = { image: WORKLOAD_IMAGE, imagePullPolicy: 'Never' }
  const done = async (...args: string[]) => {
    process.stderr.write(`AT ${Math.round(performance.now())} ${args.slice(0, 2).join(' ')}\n`)
    const { code, out, err } = await cli(...args)
    if (code !== 0) throw new Error(`${args.join(' ')}: ${out}${err}${await node.whatIsIn(AGENT_NAMESPACE)}`)
    return { out, err }
  }

  it('runs in pods of its namespace, and leaves nothing', async () => {
    await installAgent(node)
    await node.kubectl(['apply', '-k', VIEWER])
    await node.kubectl(['create', 'namespace', TENANT])
    await node.kubectl(['apply', '-n', TENANT, '-f', '-'], aWorkload('web'))
    const [pod] = await node.readyPods(TENANT, 'app=web')
    await done('install', 'namespace', TENANT, '--allow', 'exec,pods')
    const entries = [
      { exec: { name: 'exec', selector: ['app=web'], command: ['echo', 'in the pod'] } },
      { copy: { name: 'copy', selector: ['app=web'], containerPath: '/tmp/index.html' } },
      { run: { name: 'run', ...image, command: ['sh', '-c'], args: ['ls /var/run/secrets/kubernetes.io 2>&1'] } },
      { sysctl: image },
    ]
    await done('create', 'nightly', '-n', TENANT, '--cron', '0 2 * * *', '--spec', specFile(entries))
    const { out } = await done('run', 'nightly', '-n', TENANT, '--wait', '--timeout', '90s', '-o', 'jsonpath={.id}')
    const to = join(mkdtempSync(join(tmpdir(), 'downloaded-')), 'bundle.tar.gz')
    await done('download', out.trim(), '-n', TENANT, '--to', to)
    process.stderr.write(`AT ${Math.round(performance.now())} downloaded\n`)
    const files = filesIn(to)
    const at = `${TENANT}/${pod?.metadata.name ?? ''}`
    expect(files[`exec/${at}/main-stdout.txt`]).toBe('in the pod\n')
    expect(files[`copy/${at}/tmp/index.html`]).toBe('hello\n')
    expect(files['run/run.log']).toMatch(/No such file or directory/)
    expect(files['run/run-events.json']).toContain('Started')
    // Nodes are of the whole cluster: a job of a namespace may not see them.
    expect(files['sysctl-errors/errors.json']).toMatch(/nodes is forbidden/)
    const report = JSON.parse(files['support-bundle-schedule/report.json'] ?? '') as {
      isPartial: boolean
      collectors: CollectorReport[]
    }
    expect(report.collectors.flatMap(({ key, error }) => (error ? [`${key}: ${error.message}`] : []))).toEqual([])
    expect(report.isPartial).toBe(false)
    expect(await leftovers()).toEqual([])
  })
})
