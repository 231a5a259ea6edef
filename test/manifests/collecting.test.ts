import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import type { CollectorManifest } from '../../core/contract/index.ts'
import { build, find, MANIFESTS, noKubectl, rightsOf } from './kustomize.ts'

/** Asked for by a built-in collector, and not given by default: what a spec needs of these, an administrator adds. */
const LEFT_OUT: readonly [pattern: RegExp, why: string][] = [
  [/ secrets$/, 'a bundle holds no Secrets unless someone allows it'],
  [/ \*\.(\*|custom\.metrics\.k8s\.io)$/, 'kinds are named, never "all"'],
  [/ nodes\/proxy$/, 'nothing goes through to the kubelets unless someone allows it'],
  [/\.extensions$/, 'a group that Kubernetes 1.22 has no more'],
  [/ pods\/exec$/, 'nothing is run in pods unless someone allows it'],
  [/^(create|delete|patch|update) /, 'nothing is made or changed unless someone allows it'],
]
/** What a Role cannot hold: objects and paths of the whole cluster. */
const OF_THE_CLUSTER = new RegExp(
  `^get /|^list (namespaces|nodes|persistentvolumes|${[
    'apiservices.apiregistration',
    'certificatesigningrequests.certificates',
    'clusterrolebindings.rbac.authorization',
    'clusterroles.rbac.authorization',
    'csidrivers.storage',
    'csinodes.storage',
    'customresourcedefinitions.apiextensions',
    'flowschemas.flowcontrol.apiserver',
    'ingressclasses.networking',
    'mutatingwebhookconfigurations.admissionregistration',
    'nodes.metrics',
    'priorityclasses.scheduling',
    'prioritylevelconfigurations.flowcontrol.apiserver',
    'runtimeclasses.node',
    'storageclasses.storage',
    'validatingwebhookconfigurations.admissionregistration',
    'volumeattachments.storage',
  ].join('|')})(\\.k8s\\.io)?$`,
)

async function askedFor(): Promise<string[]> {
  const folder = join(MANIFESTS, '../collectors')
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const rights = await Promise.all(
    names.map(async ({ name }) => {
      const url = pathToFileURL(join(folder, name, 'index.ts')).href
      const { default: collector } = (await import(/* @vite-ignore */ url)) as { default: { manifest: CollectorManifest } }
      return collector.manifest.permissions.flatMap(rightsOf)
    }),
  )
  return [...new Set(rights.flat())].toSorted()
}

describe.skipIf(noKubectl)('what bundles may read', () => {
  let asked: string[]
  let tenant: string[]
  let cluster: string[]
  beforeAll(async () => {
    const rights = async (folder: string, kind: string, name: string) =>
      (find(await build(folder), kind, name).rules ?? []).flatMap(rightsOf).toSorted()
    asked = await askedFor()
    tenant = await rights('tenant', 'Role', 'support-bundle-schedule-collector')
    cluster = await rights('cluster-jobs', 'ClusterRole', 'support-bundle-schedule-cluster-collector')
  })
  const byDefault = () => asked.filter((right) => !LEFT_OUT.some(([pattern]) => pattern.test(right)))

  it('cluster-jobs: is what built-in collectors ask for, without what is left out', () => {
    expect(asked.length).toBeGreaterThan(30)
    expect(cluster).toEqual(byDefault())
  })

  it('tenant: is that, without what is of the whole cluster', () => {
    expect(tenant).toEqual(byDefault().filter((right) => !OF_THE_CLUSTER.test(right)))
    expect(tenant.length).toBeGreaterThan(20)
  })

  it('each kind of right that is left out is one that somebody asks for, or would', () => {
    const known = [...asked, 'create pods/exec', 'get pods/exec', 'delete pods']
    for (const [pattern, why] of LEFT_OUT)
      expect(
        known.some((right) => pattern.test(right)),
        why,
      ).toBe(true)
  })

  it('no rule is for all of something, for Secrets, for running things or for going through a proxy', () => {
    for (const right of [...tenant, ...cluster]) {
      expect(right).toMatch(/^(get|list) /)
      expect(right).not.toMatch(/\*|secrets|\/(?!log$|version$)/)
    }
  })
})
