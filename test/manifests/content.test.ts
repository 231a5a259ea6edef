import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readArgs } from '../../agent/args.ts'
import { readConfig } from '../../agent/config.ts'
import { CLUSTER_ROUTES } from '../../agent/server/cluster-routes.ts'
import { AGENT_SELECTOR, API_GROUP, API_PORT, API_PORT_NAME, VIEWER_ACCOUNT } from '../../core/agent-api.ts'
import {
  AGENT_NAME,
  AGENT_NAMESPACE,
  COLLECTOR_ACCOUNT,
  KINDS,
  LABEL_ENABLED,
  LABEL_KIND,
  STORE_ACCOUNT,
} from '../../core/names.ts'
import { parseYaml } from '../../core/yaml.ts'
import { build, type Container, find, KUSTOMIZATIONS, type Manifest, MANIFESTS, noKubectl, podOf, rightsOf } from './kustomize.ts'

const VERSION = (JSON.parse(readFileSync(join(MANIFESTS, '../package.json'), 'utf8')) as { version: string }).version

const files = readdirSync(MANIFESTS, { recursive: true, encoding: 'utf8' }).filter(
  (path) => path.endsWith('.yaml') && !path.endsWith('kustomization.yaml') && !path.startsWith('durable-outbox'),
)
/** As the CLI reads it: one document, nothing fancy. */
function read(path: string): Manifest {
  const { value, issues } = parseYaml(readFileSync(join(MANIFESTS, path), 'utf8'))
  expect(issues).toEqual([])
  return value as Manifest
}

describe('the files', () => {
  it.each(files)('%s holds one object, with our labels', (path) => {
    expect(read(path).metadata.labels).toMatchObject({
      'app.kubernetes.io/name': 'support-bundle-schedule',
      'app.kubernetes.io/part-of': 'support-bundle-schedule',
      'app.kubernetes.io/component': expect.stringMatching(/^[a-z-]+$/),
    })
  })

  it('the build gives them to the CLI', () => {
    const built = readdirSync(join(MANIFESTS, '../dist/lib/manifests'), { recursive: true, encoding: 'utf8' })
    expect(built).toEqual(expect.arrayContaining(files))
  })

  it('no rule is without groups, resources and verbs, and none lists names without having one', () => {
    for (const path of files) {
      for (const rule of read(path).rules ?? [])
        for (const list of Object.values(rule) as string[][]) expect(list, path).not.toEqual([])
    }
  })
})

interface Constraints {
  objectSelector?: { matchExpressions: { key: string; values: string[] }[] }
}

describe.skipIf(noKubectl)('what is built', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sbs-manifests-'))
  const built = new Map<string, Manifest[]>()
  /** Of a folder. */
  const of = (name: string) => built.get(name) ?? []
  beforeAll(async () => {
    const base = relative(folder, MANIFESTS)
    const overlay = { resources: [base], components: [`${base}/durable-outbox`] }
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(overlay))
    for (const name of KUSTOMIZATIONS) built.set(name, await build(name))
    built.set('durable-outbox', await build(folder))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('is every folder, and every file is in one', () => {
    expect([...built.keys()].toSorted()).toEqual([
      '.',
      'agent',
      'cluster-jobs',
      'durable-outbox',
      'host-access',
      'namespaced',
      'policy',
      'tenant',
      'tenant/identities',
      'viewer',
    ])
    const names = new Set([...built.values()].flat().map(({ kind, metadata }) => `${kind} ${metadata.name}`))
    for (const path of files) {
      const { kind, metadata } = read(path)
      expect(names, path).toContain(`${kind} ${metadata.name}`)
    }
  })

  it('has the names that the program knows', () => {
    const base = of('.')
    const namespaces = [find(base, 'Namespace', AGENT_NAMESPACE), find(of('host-access'), 'Namespace', `${AGENT_NAMESPACE}-host`)]
    for (const { metadata } of namespaces) expect(metadata.labels).not.toHaveProperty([LABEL_ENABLED])
    for (const kind of ['Deployment', 'Service', 'ServiceAccount', 'ClusterRole', 'Role', 'ConfigMap', 'PodDisruptionBudget'])
      expect(find(base, kind, AGENT_NAME)).toBeDefined()
    for (const { kind, metadata } of base)
      if (!/^(Cluster|Namespace)/.test(kind)) expect(metadata.namespace, kind).toBe(AGENT_NAMESPACE)
    expect(find(of('cluster-jobs'), 'Namespace', `${AGENT_NAMESPACE}-cluster`).metadata.labels).toMatchObject({
      [LABEL_ENABLED]: 'true',
    })
    for (const name of [STORE_ACCOUNT, COLLECTOR_ACCOUNT])
      for (const kind of ['ServiceAccount', 'Role', 'RoleBinding']) expect(find(of('tenant'), kind, name)).toBeDefined()
    const [, minting] = find(base, 'ClusterRole', AGENT_NAME).rules ?? []
    expect(minting?.resourceNames).toEqual([STORE_ACCOUNT, COLLECTOR_ACCOUNT])
  })

  it('gives rights to a ServiceAccount that it brings itself, and to no other', () => {
    for (const [name, objects] of built)
      for (const { subjects, roleRef, metadata } of objects.filter(({ kind }) => kind.endsWith('RoleBinding'))) {
        const places = subjects?.map((subject) => `${subject.kind} ${subject.namespace}/${subject.name}`)
        const own = objects.filter(({ kind }) => kind === 'ServiceAccount')
        const known = own.map((account) => `ServiceAccount ${account.metadata.namespace}/${account.metadata.name}`)
        expect(known, `${name}: ${metadata.name}`).toEqual(expect.arrayContaining(places ?? []))
        expect(places).toHaveLength(1)
        expect(find(objects, roleRef?.kind ?? '', roleRef?.name ?? '').metadata.namespace).toBe(metadata.namespace)
      }
  })

  it('holds no token, secret or binding by which a pod of a tenant would become one of the identities', () => {
    for (const object of [...built.values()].flat().filter(({ kind }) => kind === 'ServiceAccount'))
      expect(object).toMatchObject({ automountServiceAccountToken: false })
    expect([...built.values()].flat().filter(({ kind }) => kind === 'Secret')).toEqual([])
  })

  const workloads = () => [
    find(of('.'), 'Deployment', AGENT_NAME),
    find(of('namespaced'), 'Deployment', AGENT_NAME),
    find(of('durable-outbox'), 'StatefulSet', AGENT_NAME),
  ]
  const containerOf = (object: Manifest, name: string): Container => {
    const found = podOf(object).spec.containers.find((container) => container.name === name)
    if (!found) throw new Error(`no container ${name}`)
    return found
  }

  it('runs the image of this version, with arguments that the agent takes', () => {
    for (const workload of workloads()) {
      const { image, args } = containerOf(workload, 'agent')
      expect(image).toBe(`localhost/support-bundle-schedule:${VERSION}`)
      expect(containerOf(workload, 'runner').image).toBe(image)
      expect(args[0]).toBe('/app/lib/agent.js')
      expect(readArgs(args.slice(1))).toMatchObject({
        cluster: { namespace: '$(POD_NAMESPACE)', work: '/work', replica: { name: '$(POD_NAME)', uid: '$(POD_UID)' } },
      })
    }
  })

  it('listens where the agent does', () => {
    const { port, metricsPort } = readConfig('', 'defaults')
    for (const workload of workloads()) {
      const ports = containerOf(workload, 'agent').ports?.map(({ name, containerPort }) => [name, containerPort])
      expect(Object.fromEntries(ports ?? [])).toEqual({ [API_PORT_NAME]: port, metrics: metricsPort })
      expect(port).toBe(API_PORT)
      expect(containerOf(workload, 'runner').ports ?? []).toEqual([])
    }
  })

  it('viewer: may what routes of the API ask for, and nothing else', () => {
    const asked = CLUSTER_ROUTES.map(({ verb, resource, subresource }) => {
      return `${verb} ${[resource, subresource].filter(Boolean).join('/')}.${API_GROUP}`
    })
    const rules = find(of('viewer'), 'ClusterRole', VIEWER_ACCOUNT).rules ?? []
    expect(rules.flatMap(rightsOf).toSorted()).toEqual([...new Set(asked)].toSorted())
  })

  it('gives the runner nothing but the work folder, the socket and a folder of its own', () => {
    for (const workload of workloads()) {
      const [agent, runner] = [containerOf(workload, 'agent'), containerOf(workload, 'runner')]
      expect(runner.env ?? []).toEqual([])
      expect(runner.volumeMounts.map(({ mountPath }) => mountPath)).toEqual(['/work', '/run/support-bundle-schedule', '/tmp'])
      const shared = runner.volumeMounts.filter(({ name }) => agent.volumeMounts.some((mount) => mount.name === name))
      expect(shared.map(({ name }) => name)).toEqual(['work', 'socket'])
      expect(runner.securityContext['runAsUser']).not.toBe(agent.securityContext['runAsUser'])
      expect(podOf(workload).spec).toMatchObject({ automountServiceAccountToken: false, shareProcessNamespace: false })
    }
  })

  it('has a limit for each folder in the memory or on the disk of the node', () => {
    for (const workload of workloads())
      for (const volume of podOf(workload).spec.volumes.filter((one) => 'emptyDir' in one))
        expect(volume).toMatchObject({ emptyDir: { sizeLimit: expect.any(String) } })
  })

  it('selects its pods', () => {
    for (const name of ['.', 'namespaced', 'durable-outbox']) {
      const objects = of(name)
      const labels = podOf(objects.find(({ kind }) => /^(Deployment|StatefulSet)$/.test(kind)) as Manifest).metadata.labels
      const selectors = [
        find(objects, 'Service', AGENT_NAME).spec?.['selector'],
        (find(objects, 'NetworkPolicy', AGENT_NAME).spec as { podSelector: { matchLabels: object } }).podSelector.matchLabels,
        (find(objects, 'PodDisruptionBudget', AGENT_NAME).spec as { selector: { matchLabels: object } }).selector.matchLabels,
      ]
      const known = Object.fromEntries(AGENT_SELECTOR.split(',').map((one) => one.split('=') as [string, string]))
      for (const selector of [...selectors, known]) expect(labels).toMatchObject(selector as object)
    }
  })

  it('has a config that the agent reads', () => {
    const text = (name: string) => find(of(name), 'ConfigMap', AGENT_NAME).data?.['config.yaml'] ?? ''
    expect(readConfig(text('.'), 'base')).toEqual(readConfig('', 'defaults'))
    const own = find(of('namespaced'), 'Deployment', AGENT_NAME).metadata.namespace
    expect(readConfig(text('namespaced'), 'namespaced')).toEqual({
      ...readConfig('', 'defaults'),
      namespaces: [own],
      apiEnabled: false,
    })
  })

  it('namespaced: has no object of the cluster, and all in one namespace', () => {
    const objects = of('namespaced')
    expect(objects.filter(({ kind }) => /^(Cluster|Namespace$|Validating|PriorityClass)/.test(kind))).toEqual([])
    expect(new Set(objects.map(({ metadata }) => metadata.namespace)).size).toBe(1)
    expect(objects.map(({ roleRef }) => roleRef?.kind).filter(Boolean)).not.toContain('ClusterRole')
  })

  it('durable-outbox: is the base, but with the work folder on a volume of its own', () => {
    const set = find(of('durable-outbox'), 'StatefulSet', AGENT_NAME)
    expect(of('durable-outbox').filter(({ kind }) => kind === 'Deployment')).toEqual([])
    expect(of('durable-outbox')).toHaveLength(of('.').length)
    const { volumeClaimTemplates } = set.spec as { volumeClaimTemplates: Manifest[] }
    expect(volumeClaimTemplates.map(({ metadata }) => metadata.name)).toEqual(['work'])
    const names = podOf(set).spec.volumes.map(({ name }) => name)
    const before = podOf(find(of('.'), 'Deployment', AGENT_NAME)).spec.volumes.map(({ name }) => name)
    expect(names).toEqual(before.filter((name) => name !== 'work'))
    expect(set.spec).not.toHaveProperty('strategy')
  })

  it('policy: knows every kind of object, and each policy is bound to deny', () => {
    const policies = of('policy').filter(({ kind }) => kind === 'ValidatingAdmissionPolicy')
    const expressions = policies.flatMap(
      ({ spec }) => (spec?.['matchConstraints'] as Constraints | undefined)?.objectSelector?.matchExpressions ?? [],
    )
    expect(expressions.flatMap(({ values }) => values).toSorted()).toEqual([...KINDS].toSorted())
    expect(expressions.every(({ key }) => key === LABEL_KIND)).toBe(true)
    const bindings = of('policy').filter(({ kind }) => kind.endsWith('Binding'))
    expect(bindings.map(({ spec }) => spec?.['policyName']).toSorted()).toEqual(
      policies.map(({ metadata }) => metadata.name).toSorted(),
    )
    for (const { spec } of bindings) expect(spec?.['validationActions']).toEqual(['Deny'])
  })
})
