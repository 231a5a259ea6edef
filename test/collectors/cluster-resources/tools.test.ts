import { execFile, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reasonOf } from '../../../core/errors.ts'
import { type GoTool, goTool } from '../../../tools/go-tool.ts'
import { type Collected, collectFrom, removeCollected } from '../../cluster/collect-from.ts'
import { emptyCluster, fillCluster } from '../../cluster/fixture.ts'
import { useCluster } from '../../cluster/use-cluster.ts'

const run = promisify(execFile)
const cluster = await useCluster()
/** First builds take minutes. */
const BUILD_MS = 1_200_000

const ANALYZERS = `apiVersion: troubleshoot.sh/v1beta2
kind: Analyzer
metadata: {name: a}
spec:
  analyzers:
  - clusterVersion:
      outcomes:
      - fail: {when: "< 1.20.0", message: old}
      - pass: {when: ">= 1.34.0", message: new enough}
  - clusterPodStatuses:
      outcomes:
      - fail: {when: "!= Healthy", message: "{{ .Name }} is not well"}
  - configMap: {configMapName: settings-0, namespace: NAMESPACE, key: mode, outcomes: [{fail: {message: none}}, {pass: {message: there}}]}
`

describe.skipIf(cluster.skipped)('other tools open a bundle of ours', () => {
  const tools: Partial<Record<GoTool, string>> = {}
  let names: string[] = []
  let bundle: Collected
  beforeAll(async () => {
    for (const name of ['sbctl', 'kubectl', 'support-bundle'] as const) {
      const path = await goTool(name).catch((error: unknown) => {
        process.stderr.write(`\nSKIPPED: tests of bundles need ${name}, and there is none: ${reasonOf(error)}\n`)
        return undefined
      })
      if (path !== undefined) tools[name] = path
    }
    const namePrefix = await cluster.newNamespace()
    names = await fillCluster(cluster.admin, {
      namespaces: 2,
      podsPerNamespace: 3,
      unhealthyOneIn: 3,
      configMapsPerNamespace: 1,
      namePrefix,
    })
    const configMap = { name: 'settings-0', namespace: names[0], key: 'mode' }
    bundle = await collectFrom(cluster, [{ clusterInfo: {} }, { clusterResources: {} }, { configMap }])
  }, BUILD_MS)
  afterAll(async () => {
    await emptyCluster(cluster.admin, names)
    await removeCollected()
  })

  it('sbctl serves it to kubectl', async ({ skip }) => {
    const { sbctl, kubectl } = tools
    if (sbctl === undefined || kubectl === undefined) return skip()
    const server = spawn(sbctl, ['serve', bundle.archive], { stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      const kubeconfig = await kubeconfigIn(server.stdout)
      const ask = async (...args: string[]) =>
        (await run(kubectl, args, { env: { HOME: bundle.folder, KUBECONFIG: kubeconfig } })).stdout
      const pods = (await ask('get', 'pods', '-A'))
        .split('\n')
        .filter((line) => names.some((name) => line.startsWith(`${name} `)))
      expect(pods).toHaveLength(6)
      expect(pods.filter((line) => line.includes('CrashLoopBackOff'))).toHaveLength(2)
      expect(await ask('get', 'namespaces')).toContain(names[1])
      expect(await ask('get', 'deployment', 'web', '-n', names[0] ?? '')).toContain('web')
      expect(await ask('get', 'configmaps', '-n', names[0] ?? '', '-o', 'jsonpath={.items[0].data.mode}')).toBe('production')
      expect(await ask('version')).toContain('Server Version: v1.34.4')
    } finally {
      server.kill('SIGINT')
    }
  })

  it('the peer analyzes it', async ({ skip }) => {
    const peer = tools['support-bundle']
    if (peer === undefined) return skip()
    const spec = join(bundle.folder, '..', 'analyzers.yaml')
    await writeFile(spec, ANALYZERS.replace('NAMESPACE', names[0] ?? ''))
    const { stdout } = await run(peer, ['analyze', spec, '--bundle', bundle.archive, '--output', 'json'])
    const results = JSON.parse(stdout) as { IsPass: boolean; IsFail: boolean; Title: string; Message: string }[]
    const told = results.map(({ IsPass, Message }) => `${IsPass ? 'pass' : 'fail'}: ${Message}`)
    expect(told).toContain('pass: new enough')
    expect(told).toContain('pass: there')
    for (const name of names) {
      const one = results.find(({ Title }) => Title.includes(name))
      expect(one).toMatchObject({ IsFail: true, Message: expect.stringContaining('is not well') })
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
