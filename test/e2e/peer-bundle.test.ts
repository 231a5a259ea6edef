import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { goTool } from '../../tools/go-tool.ts'
import { useNode } from './use-node.ts'
import { waitFor } from './wait-for.ts'
import { WORKLOAD_IMAGE } from './images.ts'
import { aWorkload } from './workload.ts'

const run = promisify(execFile)
const node = useNode()
/** First builds of the tools take minutes. */
const BUILD_MS = 1_200_000
const CLI = join(import.meta.dirname, '..', '..', 'dist', 'kubectl-support_bundle_schedule.js')
const NAMESPACE = 'peer-bundle'

const spec = `apiVersion: troubleshoot.sh/v1beta2
kind: SupportBundle
metadata: {name: both}
spec:
  collectors:
  - clusterInfo: {}
  - clusterResources: {}
  - logs: {name: app, namespace: ${NAMESPACE}, selector: [app=web]}
  - exec: {name: uname, namespace: ${NAMESPACE}, selector: [app=web], command: [uname], args: [-s]}
  - secret: {name: db, namespace: ${NAMESPACE}, key: password}
  - configMap: {name: settings, namespace: ${NAMESPACE}, key: mode, includeValue: true}
  - data: {name: static, collectorName: note.txt, data: it is so}
  - nodeMetrics: {}
  - helm: {namespace: ${NAMESPACE}}
  - certificates: {secrets: [{name: db, namespaces: [${NAMESPACE}]}]}
  - run: {name: hello, namespace: ${NAMESPACE}, image: ${WORKLOAD_IMAGE}, imagePullPolicy: Never, command: [echo], args: [hello from a pod]}
  - copy: {name: page, namespace: ${NAMESPACE}, selector: [app=web], containerPath: /tmp/index.html}
  analyzers:
  - clusterVersion: {outcomes: [{fail: {when: "< 1.20.0", message: old}}, {pass: {message: new enough}}]}
  - deploymentStatus: {name: web, namespace: ${NAMESPACE}, outcomes: [{fail: {when: "< 1", message: down}}, {pass: {message: up}}]}
  - deploymentStatus: {name: none, namespace: ${NAMESPACE}, outcomes: [{pass: {message: up}}]}
  - clusterPodStatuses: {namespaces: [${NAMESPACE}], outcomes: [{fail: {when: "!= Healthy", message: "{{ .Name }} is {{ .Status.Reason }}"}}]}
  - nodeResources: {outcomes: [{fail: {when: "count() < 1", message: none}}, {pass: {message: enough}}]}
  - containerRuntime: {outcomes: [{pass: {when: "== containerd", message: it is}}, {fail: {message: other}}]}
  - customResourceDefinition: {customResourceDefinitionName: gadgets.example.com, outcomes: [{fail: {message: none}}, {pass: {message: there}}]}
  - storageClass: {storageClassName: none, outcomes: [{fail: {message: no such class}}, {pass: {message: there}}]}
  - secret: {secretName: db, namespace: ${NAMESPACE}, key: password, outcomes: [{fail: {message: none}}, {pass: {message: there}}]}
  - configMap: {configMapName: settings, namespace: ${NAMESPACE}, key: mode, outcomes: [{fail: {message: none}}, {pass: {message: there}}]}
  - textAnalyze: {checkName: note, fileName: static/note.txt, regex: "it is so", outcomes: [{pass: {when: "true", message: found}}, {fail: {when: "false", message: missing}}]}
  - textAnalyze: {checkName: exec, fileName: uname/*/*/*-stdout.txt, regex: Linux, outcomes: [{pass: {when: "true", message: Linux}}, {fail: {when: "false", message: other}}]}
  - textAnalyze: {checkName: logs, fileName: app/*/main.log, regex: "hello", outcomes: [{pass: {when: "true", message: says hello}}, {fail: {when: "false", message: silent}}]}
  - event: {checkName: events, namespace: ${NAMESPACE}, kind: Pod, reason: Scheduled, outcomes: [{pass: {when: "true", message: scheduled}}, {fail: {when: "false", message: never}}]}
  - clusterResource: {checkName: replicas, kind: Deployment, namespace: ${NAMESPACE}, name: web, yamlPath: spec.replicas, expectedValue: "1", outcomes: [{pass: {when: "true", message: one}}, {fail: {when: "false", message: other}}]}
`

const gadgets = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gadgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Gadget', plural: 'gadgets', singular: 'gadget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'string' } } } } },
        },
      },
    ],
  },
}

/** As Helm keeps a release: JSON, gzipped, in base64, and in base64 once more as all data of Secrets. */
function aHelmRelease() {
  const release = {
    name: 'shop',
    namespace: NAMESPACE,
    version: 2,
    info: { status: 'deployed', last_deployed: '2026-11-24T10:00:00Z' },
    chart: { metadata: { name: 'shop', version: '1.2.3', appVersion: '4.5' }, values: { replicas: 1 } },
    config: { replicas: 3 },
  }
  const payload = gzipSync(JSON.stringify(release)).toString('base64')
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'helm.sh/release.v1',
    metadata: { name: 'sh.helm.release.v1.shop.v2', labels: { owner: 'helm', name: 'shop', status: 'deployed', version: '2' } },
    data: { release: Buffer.from(payload).toString('base64') },
  }
}

interface Verdict {
  IsPass: boolean
  IsFail: boolean
  IsWarn: boolean
  Title: string
  Message: string
}

describe('a bundle of the node, beside the one that the peer collects with the same spec', () => {
  let folder = ''
  let specFile = ''
  let ours = ''
  let theirs = ''
  let peer = ''
  const env = () => ({ PATH: process.env['PATH'], HOME: folder, KUBECONFIG: node.info.kubeconfig })
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sbs-peer-'))
    peer = await goTool('support-bundle')
    specFile = join(folder, 'spec.yaml')
    await writeFile(specFile, spec)
    await node.kubectl(['create', 'namespace', NAMESPACE])
    await node.kubectl(['apply', '-f', '-'], gadgets)
    const apply = (object: object) => node.kubectl(['apply', '-n', NAMESPACE, '-f', '-'], object)
    await apply(aWorkload('web'))
    await apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, stringData: { password: 'hunter2-of-the-node' } })
    await apply(aHelmRelease())
    await apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { mode: 'production' } })
    await waitFor(
      'the custom kind',
      () =>
        apply({ apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name: 'one' }, spec: { size: 'large' } }).catch(String),
      (answer) => answer.includes('created'),
    )
    await apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'broken' },
      spec: { containers: [{ name: 'main', image: 'localhost/there-is-none:1', imagePullPolicy: 'Never' }] },
    })
    await waitFor(
      'the pod without an image',
      () => node.kubectl(['get', 'pod', 'broken', '-n', NAMESPACE]),
      (text) => text.includes('ErrImageNeverPull'),
    )
    const [pod] = await node.readyPods(NAMESPACE, 'app=web')
    await waitFor(
      'a line of its log',
      () => node.kubectl(['logs', pod?.metadata.name ?? '', '-n', NAMESPACE]),
      (log) => log.includes('hello'),
    )
    ours = join(folder, 'ours.tar.gz')
    await run(process.execPath, [CLI, 'collect', specFile, '--to', ours], { env: env() })
    const options = ['--interactive=false', '--auto-update=false', '-o', join(folder, 'theirs')]
    await run(peer, [specFile, ...options], { env: env(), cwd: folder })
    theirs = join(folder, (await readdir(folder)).find((name) => name.startsWith('theirs')) ?? '')
  }, BUILD_MS)
  afterAll(async () => {
    await node.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false'])
    await node.kubectl(['delete', 'crd', 'gadgets.example.com', '--wait=false'])
    await rm(folder, { recursive: true, force: true })
  })

  const judge = async (bundle: string): Promise<string[]> => {
    const { stdout } = await run(peer, ['analyze', specFile, '--bundle', bundle, '--output', 'json'], { env: env() })
    return (JSON.parse(stdout) as Verdict[])
      .map(({ IsPass, IsWarn, Title, Message }) => `${IsPass ? 'pass' : IsWarn ? 'warn' : 'fail'} ${Title}: ${Message}`)
      .toSorted()
  }

  it('has the same verdicts, by the peer and by ours', async () => {
    const [ofOurs, ofTheirs] = [await judge(ours), await judge(theirs)]
    expect(ofTheirs.length).toBeGreaterThanOrEqual(15)
    expect(ofTheirs.filter((verdict) => verdict.startsWith('pass'))).toHaveLength(12)
    expect(ofOurs).toEqual(ofTheirs)
    const { stdout } = await run(process.execPath, [CLI, 'analyze', ours, '--spec', specFile, '-o', 'json'], {
      env: env(),
    }).catch((error: { code: number; stdout: string }) => (error.code === 7 ? error : Promise.reject(error as unknown as Error)))
    const own = (JSON.parse(stdout) as { severity: string; insight: { primary: string; detail: string } }[])
      .map(({ severity, insight }) => {
        const verdict = { error: 'fail', warn: 'warn', debug: 'pass' }[severity] ?? severity
        return `${verdict} ${insight.primary}: ${insight.detail}`
      })
      .toSorted()
    expect(own).toEqual(ofTheirs)
  })

  it('has every file that the peer has', async () => {
    const filesOf = async (archive: string) => {
      const { stdout } = await run('tar', ['tzf', archive], { maxBuffer: 2 ** 26 })
      return new Set(
        stdout
          .split('\n')
          .filter(Boolean)
          .map((path) => path.replace(/^[^/]+\//, '')),
      )
    }
    const [own, other] = [await filesOf(ours), await filesOf(theirs)]
    expect([...other].filter((path) => !own.has(path) && !path.startsWith('execution-data/'))).toEqual([])
  })

  it('says the same of a Helm release, a command in a pod, and a file of a container', async () => {
    const read = async (archive: string, path: string) => {
      const { stdout: list } = await run('tar', ['tzf', archive], { maxBuffer: 2 ** 26 })
      const name = list.split('\n').find((one) => one.replace(/^[^/]+\//, '').match(path)) ?? path
      return (await run('tar', ['xzOf', archive, name])).stdout
    }
    for (const path of [`^helm/${NAMESPACE}.json$`, '^page/.*index.html$', '^uname/.*-stdout.txt$']) {
      const [own, other] = [await read(ours, path), await read(theirs, path)]
      expect(own.trim()).not.toBe('')
      expect([path, own.trim()]).toEqual([path, other.trim()])
    }
    // The peer has a link here, to where logs of pods lie.
    expect(await read(ours, '^cluster-resources/pods/logs/.*/collector.log$')).toBe('hello from a pod\n')
  })

  it('is served by sbctl to kubectl: pods, deployments, events, custom resources, logs', async () => {
    const [sbctl, kubectl] = [await goTool('sbctl'), await goTool('kubectl')]
    const server = spawn(sbctl, ['serve', ours], { stdio: ['ignore', 'pipe', 'ignore'], env: env() })
    try {
      const kubeconfig = await kubeconfigIn(server.stdout)
      const ask = async (...args: string[]) =>
        (await run(kubectl, [...args, '-n', NAMESPACE], { env: { HOME: folder, KUBECONFIG: kubeconfig } })).stdout
      const pods = await ask('get', 'pods')
      expect(pods).toMatch(/^web-\S+ +1\/1 +Running/m)
      expect(pods).toMatch(/^broken +0\/1 +ErrImageNeverPull/m)
      expect(await ask('get', 'deployments')).toMatch(/^web +1\/1/m)
      expect(await ask('get', 'events')).toContain('Successfully assigned')
      expect(await ask('get', 'gadgets.example.com')).toMatch(/^one/m)
      expect(await ask('get', 'gadgets.example.com', 'one', '-o', 'jsonpath={.spec.size}')).toBe('large')
      // It serves the logs that lie at their place, whoever asked for them.
      const name = /^web-\S+/m.exec(pods)?.[0] ?? ''
      expect(await ask('logs', name)).toMatch(/^line \d+: hello/m)
    } finally {
      server.kill('SIGINT')
    }
  })
})

/** The kubeconfig that sbctl names once it serves. */
async function kubeconfigIn(output: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const piece of output) {
    text += String(piece)
    const path = /KUBECONFIG=(\S+)/.exec(text)?.[1]
    if (path !== undefined) return path
  }
  throw new Error(`sbctl ended: ${text}`)
}
