import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { AGENT_NAMESPACE, COLLECTOR_ACCOUNT } from '../../core/names.ts'
import { ATTACKS, hostilePlugins, REFUSAL } from './hostile-plugins.ts'
import { installAgent } from './installed.ts'
import { aTenant, collecting, type KeptRun, openBundle, podsOf, restarts, type Tenant } from './tenant.ts'
import { useNode } from './use-node.ts'

const node = useNode()
const COLLECTOR_ROLE = join(import.meta.dirname, '..', '..', 'manifests', 'tenant', 'collector-role.yaml')
const NAMES = Object.keys(ATTACKS)

/** What no job can do by itself: it takes an administrator who mounts such a plug-in. Jobs that attack: attacks.test.ts. */
describe('a hostile plug-in', () => {
  let attacker: Tenant
  let victim: Tenant
  let bundle: string
  let given: { bundle: string; pod: string; node: string; victim: string; server: string }
  beforeAll(async () => {
    await installAgent(node, {}, hostilePlugins())
    attacker = await aTenant(node, 'plugged')
    victim = await aTenant(node, 'beside')
    const [pod] = await node.readyPods('beside', 'app=web')
    await victim.create('nightly', { collect: collecting({ data: { name: 'a', data: 'secret of beside' } }) })
    const kept = await victim.run('nightly')
    bundle = kept.bundle?.path ?? ''
    given = { bundle, pod: pod?.status.podIP ?? '', node: node.info.nodeIp, victim: 'beside', server: 'https://10.96.0.1' }
  }, 240_000)
  const attacking = (...attacks: string[]) => collecting(...attacks.map((attack) => ({ hostile: { attack, ...given } })))

  describe('that collects', () => {
    let opened: Awaited<ReturnType<typeof openBundle>>
    beforeAll(async () => {
      await attacker.create('attacks', { collect: attacking(...NAMES) })
      opened = await openBundle(node, await attacker.run('attacks'))
    }, 120_000)

    it.each(NAMES)('fails to %s, which the report says', (attack) => {
      const said = opened.report.collectors.flatMap(({ error }) =>
        error?.message.includes(`${attack}: `) ? [error.message] : [],
      )
      expect(said).toHaveLength(1)
      expect(said[0]?.split(`${attack}: `)[1]).toMatch(REFUSAL)
    })

    it('has no loot', () => expect(opened.paths.filter((path) => path.includes('loot/'))).toEqual([]))
  })

  describe('that uploads', () => {
    let said: string
    // What concerns its own folder and token is a matter of collectors.
    const names = NAMES.filter((name) => !/own folder|link|add-on/.test(name))
    beforeAll(async () => {
      const upload = [{ uploader: 'hostile', config: { attacks: names, ...given } }]
      await attacker.create('uploads', { collect: collecting({ data: { name: 'a', data: 'b' } }), upload })
      const [delivery] = (await attacker.run('uploads')).deliveries
      said = delivery?.error?.message ?? ''
    }, 120_000)

    it.each(names)('fails to %s, which the delivery says', (attack) => {
      const line = said.split('; ').find((one) => one.includes(`${attack}: `))
      expect(line?.split(`${attack}: `)[1]).toMatch(REFUSAL)
    })
  })

  describe('that uses the token of its run', () => {
    const token = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } }
    const forged = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x.m1' } }
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [{ name: 'x', image: 'x' }] } }
    const of = (namespace: string, rest: string) => `/api/v1/namespaces/${namespace}/${rest}`
    const requests: [string, string, object?][] = [
      ['GET', of('plugged', 'secrets')],
      ['GET', of('plugged', 'secrets/keys')],
      ['POST', of('plugged', 'configmaps'), forged],
      ['POST', of('plugged', 'pods'), pod],
      ['DELETE', of('plugged', 'configmaps/attacks.status')],
      ['POST', of('plugged', 'serviceaccounts/support-bundle-schedule/token'), token],
      ['POST', of('plugged', 'serviceaccounts/support-bundle-schedule-collector/token'), token],
      ['GET', of('beside', 'configmaps')],
      ['GET', of('beside', 'pods')],
      ['GET', of(AGENT_NAMESPACE, 'configmaps')],
      ['POST', of(AGENT_NAMESPACE, 'serviceaccounts/support-bundle-schedule-agent/token'), token],
      ['GET', '/api/v1/namespaces'],
      ['GET', '/api/v1/nodes'],
    ]
    let loot: { user: string; seconds: number; rules: Rule[]; answers: string[] }
    beforeAll(async () => {
      await attacker.create('token', { collect: collecting({ hostile: { attack: 'use its token', ...given, requests } }) })
      const { read, report } = await openBundle(node, await attacker.run('token'))
      loot = JSON.parse((await read('loot/use its token.txt')) || JSON.stringify(report.collectors)) as typeof loot
    }, 60_000)

    it('is the collector, for minutes', () => {
      expect(loot).toMatchObject({ user: `system:serviceaccount:plugged:${COLLECTOR_ACCOUNT}`, seconds: 600 })
    })

    it('has the rights of the collecting Role and no others', () => {
      const { rules } = parse(readFileSync(COLLECTOR_ROLE, 'utf8')) as { rules: Rule[] }
      // What everybody has who is known: to ask what he may.
      const common = (rule: Rule) => /^(authorization|authentication)\.k8s\.io$/.test(rule.apiGroups[0] ?? '')
      expect(flat(loot.rules.filter((rule) => !common(rule)))).toEqual(flat(rules))
    })

    it.each(requests)('is refused %s %s, which the audit log says', (method, path) => {
      expect(loot.answers[requests.findIndex((one) => one[0] === method && one[1] === path)]).toBe('answered 403')
      const events = node
        .auditEvents()
        .filter(({ user, requestURI }) => user.username === loot.user && requestURI.startsWith(path))
      expect(events.map(({ responseStatus }) => responseStatus?.code)).toContain(403)
    })
  })

  it('that names the bundle of another as its own costs its run, and leaves that where it is', async () => {
    await attacker.create('forges', { collect: attacking('name the bundle of another as its own') })
    const run: KeptRun = await attacker.run('forges')
    expect(run).toMatchObject({
      outcome: 'failed',
      error: { code: 'TASK_PROTOCOL', message: expect.stringContaining('archive') },
    })
    const again = await victim.run('nightly')
    expect(again).toMatchObject({ outcome: 'completed' })
    expect(
      await (await openBundle(node, { ...again, bundle: { ...again.bundle, path: bundle } as KeptRun['bundle'] })).text(),
    ).toContain('secret of beside')
  }, 60_000)

  it('has cost nobody else anything', async () => {
    expect(await victim.run('nightly')).toMatchObject({ outcome: 'completed', bundle: { isPartial: false } })
    expect(new Set(Object.values(await restarts(node)))).toEqual(new Set([0]))
    const { own } = await podsOf(node, await victim.run('nightly'))
    expect(own.status.containerStatuses).toHaveLength(2)
  }, 60_000)
})

interface Rule {
  apiGroups: string[]
  resources: string[]
  resourceNames?: string[]
  verbs: string[]
}

/** Each right by itself, in order. */
const flat = (rules: Rule[]) =>
  [
    ...new Set(
      rules.flatMap(({ apiGroups, resources, resourceNames = [''], verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) =>
            resourceNames.flatMap((name) => verbs.map((verb) => `${verb} ${group}/${resource} ${name}`)),
          ),
        ),
      ),
    ),
  ].toSorted()
