import { writeFileSync } from 'node:fs'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { AGENT_NAME, AGENT_NAMESPACE, COLLECTOR_ACCOUNT, STORE_ACCOUNT } from '../../core/names.ts'
import { useMinio } from '../support/minio.ts'
import { cleanCluster, cliOf, IMAGE } from './installed.ts'
import { reachableFromPods } from './object-store.ts'
import { type AuditEvent, useNode } from './use-node.ts'
import { waitFor } from './wait-for.ts'
import { aWorkload } from './workload.ts'

const node = useNode()
const minio = await useMinio()
const cli = cliOf(node)

interface Rule {
  apiGroups: string[]
  resources: string[]
  verbs: string[]
}
/** Each thing that a role lets do: `list pods`, `create serviceaccounts/token`. */
const rightsOf = ({ apiGroups, resources, verbs }: Rule) =>
  verbs.flatMap((verb) =>
    resources.flatMap((resource) => apiGroups.map((group) => `${verb} ${group ? `${resource}.${group}` : resource}`)),
  )
/** What a request was, as RBAC sees it. */
const askedFor = ({ verb, objectRef }: AuditEvent) => {
  const { resource = '', subresource, apiGroup } = objectRef ?? {}
  return `${verb} ${resource}${subresource ? `/${subresource}` : ''}${apiGroup ? `.${apiGroup}` : ''}`
}

/** Of the cluster's own, which come and go by themselves. */
const OWN_LIFE = /^(events|leases|endpoints|endpointslices|pods|replicasets|controllerrevisions|ipaddresses|nodes|csinodes)(\.|$)/

/** Everything that there is, but for what the cluster itself makes and removes. */
async function allObjects(): Promise<string[]> {
  const kinds = (await node.kubectl(['api-resources', '--verbs=list', '-o', 'name'])).trim().split('\n')
  const found: string[] = []
  for (const kind of kinds.filter((one) => !OWN_LIFE.test(one))) {
    const columns = 'custom-columns=N:.metadata.namespace,M:.metadata.name'
    const lines = await node.kubectl(['get', kind, '-A', '--no-headers', '--ignore-not-found', '-o', columns]).catch(() => '')
    found.push(
      ...lines
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => `${kind} ${line.replaceAll(/\s+/g, '/')}`),
    )
  }
  return found.toSorted()
}

describe('the life of an install', () => {
  const tenants = ['one', 'two']
  let before: string[]
  let startedAt: Date
  const done = async (...args: string[]) => {
    const ended = await cli(...args)
    if (ended.code !== 0) throw new Error(`${args.join(' ')}: ${ended.out}${ended.err}${await node.whatIsIn(AGENT_NAMESPACE)}`)
    return ended
  }
  beforeAll(async () => {
    await node.importImage(IMAGE)
    await cleanCluster(node)
    startedAt = systemClock.now()
    for (const name of tenants) {
      await node.kubectl(['create', 'namespace', name])
      await node.kubectl(['apply', '-n', name, '-f', '-'], aWorkload('web'))
      const keys = Object.entries(minio.keys).map(([key, value]) => `--from-literal=${key}=${value}`)
      await node.kubectl(['create', 'secret', 'generic', 'keys', '-n', name, ...keys])
    }
    for (const name of tenants) await node.readyPods(name, 'app=web')
    before = await allObjects()
  }, 180_000)

  it('begins with one command, and is used', async () => {
    const installed = await done('install', '--with', 'viewer,policy', '--wait')
    expect(installed.out).toContain('deployment.apps/support-bundle-schedule-agent created')
    expect((await done('install', '--with', 'viewer,policy')).out).not.toMatch(/created|configured/)
    const config = JSON.stringify({ networks: [{ allow: [node.info.nodeIp] }] })
    const patch = JSON.stringify({ data: { 'config.yaml': config } })
    await node.kubectl(['patch', 'configmap', AGENT_NAME, '-n', AGENT_NAMESPACE, '--type=merge', '-p', patch])
    await node.kubectl(['rollout', 'restart', 'deployment', AGENT_NAME, '-n', AGENT_NAMESPACE])
    await node.kubectl(['rollout', 'status', 'deployment', AGENT_NAME, '-n', AGENT_NAMESPACE, '--timeout=90s'])

    const endpoint = await reachableFromPods(minio.url, node.info.nodeIp)
    const bucket = await minio.newBucket()
    const [one = '', two = ''] = tenants
    const options = `endpoint=${endpoint},region=${minio.region},allowInsecure=true`
    const cron = ['--cron', '0 2 * * *']
    await done(
      'create',
      'sent',
      '-n',
      one,
      ...cron,
      `--upload=s3://${bucket}/x`,
      '--upload-options',
      options,
      '--upload-credentials',
      'keys',
    )
    await done('create', 'kept', '-n', two, ...cron)
    for (const name of tenants) await done('install', 'namespace', name)
    await done('run', 'sent', '-n', one, '--wait', '--timeout', '90s')
    await done('run', 'kept', '-n', two, '--wait', '--timeout', '90s')
    // Objects by their names, which a job without a spec does not ask for.
    const entries = [{ configMap: { name: 'kube-root-ca.crt', namespace: two } }]
    const named = {
      apiVersion: 'troubleshoot.sh/v1beta2',
      kind: 'SupportBundle',
      metadata: { name: 'named' },
      spec: { collectors: entries },
    }
    writeFileSync('/tmp/named.json', JSON.stringify(named))
    await done('create', 'named', '-n', two, ...cron, '--spec', '/tmp/named.json')
    await done('run', 'named', '-n', two, '--wait', '--timeout', '90s')
    const [run = ''] = (
      JSON.parse((await done('history', 'kept', '-n', two, '-o', 'json')).out) as { items: { id?: string; run?: string }[] }
    ).items.map((item) => item.id ?? item.run ?? '')
    await done('download', run, '-n', two, '--to', `/tmp/${run}.tar.gz`)
    expect((await done('status', '--agent')).out).toContain(one)
    await done('doctor', '-A')
    const [sent] = (JSON.parse((await done('history', 'sent', '-n', one, '-o', 'json')).out) as { items: { where: string }[] })
      .items
    const key = String(sent?.where).replace(`s3://${bucket}/`, '')
    expect((await minio.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))).ContentLength).toBeGreaterThan(1000)
  }, 300_000)

  it('asks for what the manifests grant, and grants nothing that it does not ask for', async () => {
    const events = node
      .auditEvents()
      .filter((event) => event.stage !== 'RequestReceived' && Date.parse(event.requestReceivedTimestamp) >= startedAt.getTime())
    const account = (namespace: string, name: string) => `system:serviceaccount:${namespace}:${name}`
    const asked = (who: string) => events.filter(({ user }) => user.username === who)
    const wrong: string[] = []
    const check = (who: string[], rules: Rule[], unusedFor: RegExp) => {
      const granted = new Set(rules.flatMap(rightsOf))
      const used = new Set(who.flatMap(asked).map(askedFor))
      for (const one of who)
        for (const event of asked(one))
          if (event.responseStatus?.code === 403) wrong.push(`${one} was refused: ${askedFor(event)} ${event.requestURI}`)
      for (const right of granted) if (!used.has(right) && !unusedFor.test(right)) wrong.push(`${who[0]} never used: ${right}`)
    }
    const rulesOf = async (...args: string[]) => (await node.get<{ rules: Rule[] }>(...args)).rules
    check(
      [account(AGENT_NAMESPACE, AGENT_NAME)],
      [...(await rulesOf('clusterrole', AGENT_NAME)), ...(await rulesOf('role', AGENT_NAME, '-n', AGENT_NAMESPACE))],
      /^$/,
    )
    check(
      tenants.map((name) => account(name, STORE_ACCOUNT)),
      await rulesOf('role', STORE_ACCOUNT, '-n', tenants[0] ?? ''),
      /^$/,
    )
    const collectors = tenants.map((name) => account(name, COLLECTOR_ACCOUNT))
    const refused = new Set(
      collectors
        .flatMap(asked)
        .filter(({ responseStatus }) => responseStatus?.code === 403)
        .map(askedFor),
    )
    // What lies in the whole cluster is not theirs: each refusal is a warning in the bundle, told below.
    const used = new Set(collectors.flatMap(asked).map(askedFor))
    const granted = (await rulesOf('role', COLLECTOR_ACCOUNT, '-n', tenants[0] ?? '')).flatMap(rightsOf)
    // There is no metrics server here, and what is not served is not asked for.
    for (const right of granted)
      if (!used.has(right) && !right.endsWith('metrics.k8s.io')) wrong.push(`collectors never used: ${right}`)
    expect(wrong).toEqual([])
    process.stdout.write(`\nrefused to collectors, and a warning in the bundle: ${[...refused].toSorted().join(', ')}\n`)

    // The agent's own identity never sees what is a tenant's.
    const own = new Set(
      asked(account(AGENT_NAMESPACE, AGENT_NAME)).map(
        (event) => `${askedFor(event)} in ${event.objectRef?.namespace ?? 'the cluster'}`,
      ),
    )
    process.stdout.write(`\nthe agent itself: ${[...own].toSorted().join(', ')}\n`)
    for (const what of own) expect(what).not.toMatch(/(configmaps|secrets|pods)\b/)
  })

  it('ends without a trace', async () => {
    await done('uninstall', '--yes')
    const after = await waitFor('nothing to be left', allObjects, (found) => found.every((one) => before.includes(one)), {
      withinMs: 90_000,
      everyMs: 1000,
    })
    expect(after).toEqual(before)
    for (const name of tenants) {
      const { metadata } = await node.get<{ metadata: { labels: Record<string, string> } }>('namespace', name)
      expect(Object.keys(metadata.labels)).toEqual(['kubernetes.io/metadata.name'])
    }
  }, 180_000)
})
