import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { KubeObject } from '../../../core/kube/apply-kinds.ts'
import { readManifests } from '../../../plugin/install/composition.ts'
import { desiredObjects } from '../../../plugin/install/desired.ts'
import { servingItself, withNamespace } from '../../../plugin/install/edits.ts'
import { build, KUSTOMIZATIONS, type Manifest, MANIFESTS, noKubectl } from '../../manifests/kustomize.ts'

/** What holds our manifests, as the built program has them in lib/. */
const LIB = resolve(MANIFESTS, '..')

const byPlace = (objects: readonly (KubeObject | Manifest)[]) =>
  Object.fromEntries(
    objects.map((object) => [`${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`, object]),
  )

/** Without what the CLI alone adds. */
function bare(object: KubeObject): KubeObject {
  const { 'app.kubernetes.io/managed-by': _, 'app.kubernetes.io/version': __, ...labels } = object.metadata.labels ?? {}
  return { ...object, metadata: { ...object.metadata, labels } }
}

function folder(files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), 'sbs-compose-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return path
}

describe.skipIf(noKubectl)('manifests are put together as kustomize does', () => {
  it.each(KUSTOMIZATIONS)('%s', async (path) => {
    expect(byPlace(readManifests(join(MANIFESTS, path)))).toEqual(byPlace(await build(path)))
  })

  it('durable-outbox', async () => {
    const path = folder({})
    const base = relative(path, MANIFESTS)
    writeFileSync(join(path, 'kustomization.yaml'), JSON.stringify({ resources: [base], components: [`${base}/durable-outbox`] }))
    const wish = { lib: LIB, namespaced: undefined, image: undefined, apiCidrs: [], components: ['durable-outbox' as const] }
    expect(byPlace(desiredObjects(wish).map(bare))).toEqual(byPlace(await build(path)))
  })

  it('namespaced, in another namespace', async () => {
    const path = folder({})
    const base = relative(path, join(MANIFESTS, 'namespaced'))
    writeFileSync(join(path, 'kustomization.yaml'), JSON.stringify({ namespace: 'payments', resources: [base] }))
    const built = (await build(path)) as unknown as KubeObject[]
    const wish = { lib: LIB, namespaced: 'payments', image: undefined, apiCidrs: [], components: [] }
    const own = desiredObjects(wish)
    expect(byPlace(own.map(bare))).toEqual(byPlace(servingItself(built, 'support-bundle-schedule', 'payments')))
    expect(JSON.stringify(own.filter(({ kind }) => kind === 'ConfigMap'))).toContain('namespaces: [payments]')
    expect(own.filter(({ kind }) => /^Cluster|^Namespace$/.test(kind))).toEqual([])
  })
})

describe('manifests that it does not understand', () => {
  const kustomization = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n'
  it.each<[what: string, files: Record<string, string>, says: RegExp]>([
    ['patches', { 'kustomization.yaml': `${kustomization}patches: []\n`, 'a.yaml': 'kind: A' }, /patches is not understood/],
    ['another kind', { 'kustomization.yaml': kustomization, 'a.yaml': 'apiVersion: v1\nkind: Secret\n' }, /Secret is not a kind/],
    ['a missing file', { 'kustomization.yaml': kustomization }, /a\.yaml" cannot be read/],
    ['no folder', {}, /kustomization\.yaml" cannot be read/],
    ['broken YAML', { 'kustomization.yaml': kustomization, 'a.yaml': 'a: [' }, /a\.yaml, line 1/],
  ])('%s', (_, files, says) => {
    expect(() => readManifests(folder(files))).toThrow(says)
  })

  it('an object gets its namespace, its ServiceAccounts too, and users stay', () => {
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'a', namespace: 'old' },
      subjects: [
        { kind: 'ServiceAccount', name: 'a', namespace: 'old' },
        { kind: 'User', name: 'u' },
      ],
    }
    expect(withNamespace([binding], 'new')).toEqual([
      {
        ...binding,
        metadata: { name: 'a', namespace: 'new' },
        subjects: [
          { kind: 'ServiceAccount', name: 'a', namespace: 'new' },
          { kind: 'User', name: 'u' },
        ],
      },
    ])
  })
})
