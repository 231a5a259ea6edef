import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { AGENT_NAMESPACE, HOST_NAMESPACE, LABEL_RUN_UID } from '../../core/names.ts'
import { filesIn } from './collected.ts'
import { anonymousBytes } from './containers.ts'
import { cliOf, installAgent, leader } from './installed.ts'
import { aTenant, isAtWork, openBundle, podsOf, restarts, type Tenant, troubles } from './tenant.ts'
import { type Pod, useNode } from './use-node.ts'
import { waitFor } from './wait-for.ts'

const node = useNode()
const LARGE_BYTES = 200 * 2 ** 20
const MANIFESTS = join(import.meta.dirname, '..', '..', 'manifests')

/** A job that looks at machines. */
const looking = (...hostCollectors: object[]) => ({
  analyze: true,
  collect: {
    specs: [
      {
        inline: {
          apiVersion: 'troubleshoot.sh/v1beta2',
          kind: 'SupportBundle',
          metadata: { name: 'hosts' },
          spec: {
            hostCollectors,
            hostAnalyzers: [
              { memory: { outcomes: [{ fail: { when: '< 1Ki', message: 'none' } }, { pass: { message: 'some memory' } }] } },
            ],
          },
        },
      },
    ],
  },
})

/** Pods on nodes, of any run. */
const pods = async () => (await node.get<{ items: Pod[] }>('pods', '-n', HOST_NAMESPACE, '-l', LABEL_RUN_UID)).items
const nothingLeft = () => waitFor('the end of all pods on nodes', pods, (found) => found.length === 0, { withinMs: 60_000 })

const ended = (tenant: Tenant, name: string) =>
  waitFor(
    `run ${name}`,
    () => tenant.look(name),
    ({ phase }) => phase === 'finished',
    {
      withinMs: 90_000,
      onLate: () => node.whatIsIn(HOST_NAMESPACE),
    },
  )

let allowed: Tenant
let other: Tenant
beforeAll(async () => {
  await node.kubectl(['apply', '-k', join(MANIFESTS, 'host-access')])
  await installAgent(node, { hosts: ['looks'] })
  allowed = await aTenant(node, 'looks')
  other = await aTenant(node, 'stays')
}, 180_000)

describe('a job of a namespace that may look at nodes', () => {
  it('gets what is on them, redacted, and leaves nothing there', async () => {
    await allowed.create(
      'looks',
      looking(
        { hostOS: {} },
        { memory: {} },
        { cpu: {} },
        { time: {} },
        { run: { collectorName: 'uname', command: 'uname', args: ['-n'] } },
        {
          run: {
            collectorName: 'words',
            command: 'sh',
            args: ['-c', 'echo password=hunter2hunter2; id -u; readlink /proc/1/ns/pid; readlink /proc/self/ns/pid'],
          },
        },
        { run: { collectorName: 'absent', command: 'no-such-program' } },
        { copy: { collectorName: 'os', path: '/etc/os-release' } },
      ),
    )
    const run = await ended(allowed, await allowed.ask('looks'))
    expect(run.outcome, JSON.stringify(run.error)).toBe('completed')
    const { paths, read, report } = await openBundle(node, run)
    const { nodeName } = node.info
    const at = (path: string) => read(`host-collectors/${nodeName}/${path}`)
    expect(JSON.parse(await read('host-collectors/system/node_list.json'))).toEqual({ nodes: [nodeName] })
    expect(JSON.parse(await at('system/memory.json'))).toMatchObject({ total: expect.any(Number) })
    expect(JSON.parse(await at('system/hostos_info.json'))).toMatchObject({ platform: 'debian' })
    expect((await at('run-host/uname.txt')).trim()).not.toBe('')
    const [secret = '', uid, first, own] = (await at('run-host/words.txt')).split('\n')
    expect(secret).not.toContain('hunter2')
    expect(uid).toBe('0')
    expect(own).toBe(first)
    expect(await at('os/os-release')).toContain('ID=debian')
    expect(paths.filter((path) => path.endsWith(`host-collectors/system/${nodeName}/memory.json`))).toHaveLength(1)
    expect(report.collectors.map(({ key, node: where, state }) => [key, where, state])).toContainEqual([
      'memory',
      nodeName,
      'ran',
    ])
    expect(report.collectors.map(troubles).join('\n')).toMatch(/no-such-program.*No such file/)
    const analysis = JSON.parse(await read('analysis.json')) as { insight: { primary: string; severity?: string } }[]
    expect(analysis.map(({ insight }) => insight.primary)).toEqual([`Amount of Memory - Node ${nodeName}`])
    await nothingLeft()
  })
})

describe('a node whose root is a shared mount', () => {
  it('gets a pod that does not hold what the node unmounts', async () => {
    // This mount namespace is the tests' own; others of the node take what they need from it.
    execFileSync('mount', ['--make-shared', '/'])
    try {
      await allowed.create('shared', looking({ memory: {} }))
      const run = await ended(allowed, await allowed.ask('shared'))
      expect(run.outcome, JSON.stringify(run.error)).toBe('completed')
      const created = node
        .auditEvents()
        .filter(
          ({ verb, objectRef = {} }) =>
            verb === 'create' && objectRef.namespace === HOST_NAMESPACE && objectRef.resource === 'pods',
        )
        .filter(({ objectRef }) => objectRef?.subresource === undefined)
      // One here, and two of the test above: there the first was refused by the runtime.
      expect(created.filter(({ stage }) => stage === 'ResponseComplete')).toHaveLength(3)
    } finally {
      execFileSync('mount', ['--make-private', '/'])
    }
  })
})

describe('a large file of a node', () => {
  it('passes through the agent, which does not grow with it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hosts-large-'))
    try {
      const path = join(folder, 'large.log')
      execFileSync('sh', ['-c', `yes 'a line of a log with nothing in it that is secret' | head -c ${LARGE_BYTES} > ${path}`])
      const before = await restarts(node)
      await allowed.create('large', looking({ copy: { collectorName: 'large', path } }))
      const startedMs = systemClock.monotonicMs()
      const run = await ended(allowed, await allowed.ask('large'))
      const seconds = (systemClock.monotonicMs() - startedMs) / 1000
      expect(run.outcome, JSON.stringify(run.error)).toBe('completed')
      const { own } = await podsOf(node, run)
      const anonymous = anonymousBytes(await node.pidOf(own, 'agent'))
      process.stderr.write(
        `${LARGE_BYTES / 2 ** 20} MiB of a node: ${seconds.toFixed(1)} s, agent ${Math.round(anonymous / 2 ** 20)} MiB after it\n`,
      )
      expect(await restarts(node)).toEqual(before)
      const { report } = await openBundle(node, run)
      expect(report.collectors.find(({ key }) => key === 'copy')).toMatchObject({ state: 'ran', bytes: LARGE_BYTES })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the identity that makes pods on nodes', () => {
  it('uses every right that it has, is refused none, and is used by the agent alone', () => {
    const user = `system:serviceaccount:${HOST_NAMESPACE}:support-bundle-schedule`
    const own = node.auditEvents().filter((event) => event.user.username === user && event.stage === 'ResponseComplete')
    expect(own.filter(({ responseStatus }) => responseStatus?.code === 403)).toEqual([])
    const done = own.map(({ verb, objectRef = {} }) =>
      [verb, objectRef.resource, objectRef.subresource].filter(Boolean).join(' '),
    )
    expect([...new Set(done)].toSorted()).toEqual(
      ['create pods', 'delete pods', 'get pods', 'get pods exec', 'list nodes', 'list pods'].toSorted(),
    )
    expect(own.every(({ userAgent = '' }) => userAgent.startsWith('support-bundle-schedule-agent/'))).toBe(true)
  })
})

describe('a job of another namespace', () => {
  it('is refused, with what would let it', async () => {
    await other.create('looks', looking({ memory: {} }, { run: { command: 'id' } }))
    const run = await other.run('looks')
    expect(run.outcome).toBe('failed')
    expect(run.error?.message).toMatch(/jobs of this namespace may not look at nodes/)
  })
})

const PRIVILEGED = { 'pod-security.kubernetes.io/enforce': 'privileged' }

/** Commands of the run below, whoever is their parent. */
const sleepers = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandOf(pid).split('\0').slice(0, 2).join(' ') === 'sleep 300')
const commandOf = (pid: string) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

const WAITING = { run: { collectorName: 'waits', command: 'sleep', args: ['300'] } }

describe('a spec with runHostCollectorsInPod', () => {
  it('looks at nodes with the rights of whoever collects, and leaves nothing there', () =>
    node.inNewNamespace(async (namespace) => {
      const spec = join(mkdtempSync(join(tmpdir(), 'hosts-')), 'spec.json')
      const { specs } = looking({ memory: {} }, { run: { collectorName: 'uid', command: 'id', args: ['-u'] } }).collect
      const inline = specs[0]?.inline
      writeFileSync(spec, JSON.stringify({ ...inline, spec: { ...inline?.spec, runHostCollectorsInPod: true } }))
      const to = join(spec, '../bundle.tar.gz')
      const { code, err } = await cliOf(node)('collect', spec, '-n', namespace, '--to', to)
      expect(code, err).toBe(0)
      const files = filesIn(to)
      expect(JSON.parse(files['host-collectors/system/node_list.json'] ?? '')).toEqual({ nodes: [node.info.nodeName] })
      expect(files[`host-collectors/${node.info.nodeName}/run-host/uid.txt`]).toBe('0\n')
      expect(files['host-collectors/system/memory.json']).toBeUndefined()
      expect((await node.get<{ items: Pod[] }>('pods', '-n', namespace)).items).toEqual([])
    }, PRIVILEGED))
})

describe('a run that is killed', () => {
  it.each([
    ['its task', 'runner'],
    ['its agent', 'agent'],
  ])(
    'leaves nothing on nodes when it is %s',
    async (what, container) => {
      const job = `waits-${container}`
      await allowed.create(job, looking(WAITING))
      const name = await allowed.ask(job)
      await allowed.until(name, isAtWork)
      await waitFor('the command on the node', sleepers, (found) => found.length > 0)
      const [pod] = await node.readyPods(AGENT_NAMESPACE, 'app.kubernetes.io/component=agent', 2).then(async (all) => {
        const leads = await leader(node)
        return all.filter(({ metadata }) => metadata.name === leads)
      })
      if (!pod) throw new Error('nobody leads')
      process.kill(await node.pidOf(pod, container), 'SIGKILL')
      const run = await ended(allowed, name)
      expect(run.outcome, what).not.toBe('completed')
      await nothingLeft()
      await waitFor('the end of the command', sleepers, (found) => found.length === 0)
    },
    180_000,
  )
})
