import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { decodeStatus } from '../../core/status.ts'
import { type AgentProcess, eventually, startAgentProcess } from './agent-process.ts'
import { type ConfigMaps, cheapJob, configMapsOf, nextMinute, onceAt } from './config-maps.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { hostileShape } from './hostile-objects.ts'
import { newFolder } from './sweep.ts'
import { type TestCluster, testCluster, useCluster } from './use-cluster.ts'

const { skipped } = await useCluster()
const CLI = join(import.meta.dirname, '..', '..', 'dist', 'kubectl-support_bundle_schedule.js')
const COUNT = 1_000
const SEED = 4
const CONFIG = { leaseDuration: '15s' }
/** Above it nothing is bounded: an agent with 100 jobs has 90 MB. */
const MOST_MB = 350

// Its own server: what is in it is no good company for other tests.
describe.skipIf(skipped)(`${COUNT} hostile ConfigMaps`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sbs-hostile-'))
  const objects = fc.sample(hostileShape, { numRuns: COUNT, seed: SEED }).map((shape, index) => shape(`h-${index}`))
  const good = ['good-0', 'good-1', 'good-2']
  let server: ControlPlane
  let cluster: TestCluster
  let agent: AgentProcess
  let bad: ConfigMaps
  let other: ConfigMaps

  beforeAll(async () => {
    server = await startControlPlane({ folder: newFolder() })
    cluster = testCluster(server)
    bad = configMapsOf(cluster.admin, await cluster.newTenant())
    other = configMapsOf(cluster.admin, await cluster.newTenant())
    agent = startAgentProcess({ folder, kubeconfig: server.kubeconfig, namespace: await cluster.newNamespace(), config: CONFIG })
  }, 120_000)
  afterAll(async () => {
    agent?.kill('SIGKILL')
    await agent?.ended
    cluster?.admin.close()
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const cli = (...args: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const env = { ...process.env, KUBECONFIG: server.kubeconfig }
      execFile(process.execPath, [CLI, ...args], { env, maxBuffer: 2 ** 26 }, (error, out, err) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, out, err }),
      )
    })
  /** What the agent logged, but for what it passed over. */
  const said = () =>
    agent
      .log()
      .split('\n')
      .filter((line) => !line.includes('STORE_OBJECT_STRANGE'))
      .join('\n')
  const peakMb = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${agent.pid}/status`, 'utf8'))?.[1]) / 1024

  it('harm neither the agent nor good jobs beside them', async () => {
    const slot = nextMinute(systemClock.now(), 20_000)
    for (const maps of [bad, other]) for (const name of good) await maps.create(name, 'job', cheapJob(onceAt(slot)))
    const began = systemClock.monotonicMs()
    const path = `/api/v1/namespaces/${bad.namespace}/configmaps`
    for (let at = 0; at < COUNT; at += 20)
      await Promise.all(objects.slice(at, at + 20).map(({ body }) => cluster.admin.json({ method: 'POST', path, body })))
    const createdMs = systemClock.monotonicMs() - began
    const jobs = objects.filter(({ becomes }) => becomes !== 'nothing').map(({ body }) => body.metadata.name)
    const statuses = async () =>
      new Map((await bad.list('status')).map((one) => [one.metadata.name, decodeStatus(one.data?.['status.json'] ?? '')]))
    const found = await eventually(
      async () => {
        const all = await statuses()
        return jobs.every((name) => all.get(`${name}.status`) !== undefined) ? all : undefined
      },
      'a status for each job',
      [],
      300_000,
    )
    const seenMs = systemClock.monotonicMs() - began - createdMs
    const wrong = objects.flatMap(({ body, becomes }) => {
      if (becomes === 'nothing') return []
      const status = found.get(`${body.metadata.name}.status`)
      const isAsItShould =
        becomes === 'invalid' ? status?.state === 'invalid' && Boolean(status.lastError) : status?.state !== 'invalid'
      return isAsItShould ? [] : [{ ...body, status }]
    })
    expect(wrong).toEqual([])
    let latestMs = 0
    for (const maps of [bad, other])
      for (const name of good) {
        const [run] = await eventually(
          async () => {
            const runs = await maps.runsOf(name)
            return runs[0]?.phase === 'finished' ? runs : undefined
          },
          `the run of ${name}`,
          [],
          90_000,
        )
        expect(run, said()).toMatchObject({ outcome: 'completed', slot: slot.toISOString() })
        latestMs = Math.max(latestMs, Date.parse(run?.claimedAt ?? '') - slot.getTime())
      }
    expect(latestMs).toBeLessThan(30_000)
    expect(agent.log()).not.toMatch(/INTERNAL/)
    const peak = peakMb()
    process.stdout.write(
      `\n${COUNT} hostile ConfigMaps: created in ${Math.round(createdMs)} ms, all seen ${Math.round(seenMs)} ms later, ` +
        `good jobs at most ${latestMs} ms late, agent's peak ${Math.round(peak)} MB\n`,
    )
    expect(peak).toBeLessThan(MOST_MB)
  }, 420_000)

  it('are listed by the CLI, with what terminals obey made visible', async () => {
    const listed = await cli('list', '-A', '-o', 'wide')
    expect(listed.code).toBe(0)
    const jobs = objects.filter(({ becomes }) => becomes !== 'nothing').map(({ body }) => body.metadata.name)
    const lines = listed.out.split('\n')
    const named = new Map(lines.map((line) => [line.split(/ +/)[1], line]))
    expect(jobs.filter((name) => !named.has(name))).toEqual([])
    expect(named.get('h-0') ?? named.get(jobs[0])).toMatch(/invalid|pending|disabled/)
    const colourful = objects.find(({ body, becomes }) => becomes === 'valid' && JSON.stringify(body['data']).includes('red'))
    const shown = await cli('status', colourful?.body.metadata.name ?? '', '-n', bad.namespace)
    expect(shown.out).toContain('\\u001b[31;1mred')
    const json = await cli('list', '-A', '-o', 'json')
    expect((JSON.parse(json.out) as { items: unknown[] }).items.length).toBe(jobs.length + 2 * good.length)
    for (const { out, err } of [listed, shown])
      expect(`${out}${err}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  }, 60_000)
})
