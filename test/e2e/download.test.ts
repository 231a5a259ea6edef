import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { VIEWER_ACCOUNT } from '../../core/agent-api.ts'
import { AGENT_NAMESPACE } from '../../core/names.ts'
import { decodeRun } from '../../core/run.ts'
import { optIn } from '../cluster/tenants.ts'
import { cliOf, installAgent } from './installed.ts'
import { useNode } from './use-node.ts'
import { waitFor } from './wait-for.ts'

const node = useNode()
const cli = cliOf(node)
const VIEWER = join(import.meta.dirname, '..', '..', 'manifests', 'viewer')
const TENANT = 'kept'

describe('the API of an installed agent, through the CLI', () => {
  let run: string
  const folder = mkdtempSync(join(tmpdir(), 'sbs-download-'))
  beforeAll(async () => {
    await installAgent(node)
    await node.kubectl(['create', 'namespace', TENANT])
    await optIn(node.admin, TENANT)
    await cli('create', 'nightly', '-n', TENANT, '--cron', '0 2 * * *')
    const ran = await cli('run', 'nightly', '-n', TENANT, '--wait', '--timeout', '90s', '-o', 'jsonpath={.id}')
    if (ran.code !== 0) throw new Error(ran.err)
    run = ran.out.trim()
  }, 180_000)

  it('needs the viewer, and says so', async () => {
    const said = await cli('download', run, '-n', TENANT, '--to', `${folder}/`)
    expect(said.err).toContain('AGENT_VIEWER_MISSING')
    expect(said.code).toBe(3)
    await node.kubectl(['apply', '-k', VIEWER])
  })

  it('brings a kept bundle whole, from the pod that has it', async () => {
    const said = await cli('download', run, '-n', TENANT, '--to', `${folder}/`)
    expect(said.code, said.err + (await node.whatIsIn(AGENT_NAMESPACE))).toBe(0)
    expect(readdirSync(folder)).toHaveLength(1)
    expect(execFileSync('tar', ['tzf', said.out.trim()]).toString()).toContain('support-bundle-schedule/report.json')
  })

  it('shows both replicas, and the namespace that is served', async () => {
    const said = await cli('status', '--agent')
    expect(said.code, said.err).toBe(0)
    expect(said.out).toMatch(/leads +yes/)
    expect(said.out).toMatch(/waits +yes/)
    expect(said.out).toMatch(new RegExp(`${TENANT} +yes +1 +-`))
  })

  it('says when the pod that kept a bundle is gone', async () => {
    const { data } = await node.get<{ data: Record<string, string> }>('configmap', run, '-n', TENANT)
    const { replica } = decodeRun(data['run.json'] ?? '').holder
    const pods = await node.readyPods(AGENT_NAMESPACE, 'app.kubernetes.io/component=agent', 2)
    const holder = pods.find(({ metadata }) => metadata.uid === replica)
    await node.killPod(AGENT_NAMESPACE, holder?.metadata.name ?? '')
    await waitFor(
      'two pods again',
      () => node.readyPods(AGENT_NAMESPACE, 'app.kubernetes.io/component=agent', 2),
      (all) => all.every(({ metadata }) => metadata.uid !== replica),
    )
    const said = await cli('download', run, '-n', TENANT, '--to', `${folder}/`)
    expect(said.err).toContain('the pod that kept it is gone (BUNDLE_NOT_KEPT)')
    expect(said.code).toBe(3)
  }, 90_000)

  it('opens nothing with a token that is meant for the API server', async () => {
    const [pod] = await node.readyPods(AGENT_NAMESPACE, 'app.kubernetes.io/component=agent', 2)
    const url = `http://${pod?.status.podIP}:8080/api/v1/agent`
    const statusOf = async (token?: string) =>
      (await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })).status
    const tokenOf = async (...more: string[]) =>
      (await node.kubectl(['create', 'token', VIEWER_ACCOUNT, '-n', AGENT_NAMESPACE, ...more])).trim()
    const ours = await tokenOf('--audience', 'support-bundle-schedule', '--duration', '10m')
    expect([await statusOf(), await statusOf(await tokenOf()), await statusOf(ours)]).toEqual([401, 401, 200])
  })
})
