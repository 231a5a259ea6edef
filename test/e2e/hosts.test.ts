import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { AGENT_NAMESPACE, HOST_NAMESPACE, LABEL_RUN_UID } from '../../core/names.ts'
import { installAgent, leader } from './installed.ts'
import { aTenant, isAtWork, openBundle, type Tenant, troubles } from './tenant.ts'
import { type Pod, useNode } from './use-node.ts'
import { waitFor } from './wait-for.ts'

const node = useNode()
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
const pods = async () =>
  (await node.get<{ items: Pod[] }>('pods', '-n', HOST_NAMESPACE, '-l', LABEL_RUN_UID)).items
const nothingLeft = () => waitFor('the end of all pods on nodes', pods, (found) => found.length === 0, { withinMs: 60_000 })

const ended = (tenant: Tenant, name: string) =>
  waitFor(`run ${name}`, () => tenant.look(name), ({ phase }) => phase === 'finished', {
    withinMs: 90_000,
    onLate: () => node.whatIsIn(HOST_NAMESPACE),
  })

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
        { run: { collectorName: 'words', command: 'sh', args: ['-c', 'echo password=hunter2hunter2; id -u; readlink /proc/1/ns/pid; readlink /proc/self/ns/pid'] } },
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
    expect(report.collectors.map(({ key, node: where, state }) => [key, where, state])).toContainEqual(['memory', nodeName, 'ran'])
    expect(report.collectors.map(troubles).join('\n')).toMatch(/no-such-program.*No such file/)
    const analysis = JSON.parse(await read('analysis.json')) as { insight: { primary: string; severity?: string } }[]
    expect(analysis.map(({ insight }) => insight.primary)).toEqual([`Amount of Memory - Node ${nodeName}`])
    await nothingLeft()
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

describe('a run that is killed', () => {
  it.each([
    ['its task', 'runner'],
    ['its agent', 'agent'],
  ])('leaves nothing on nodes when it is %s', async (what, container) => {
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
  }, 180_000)
})
