import type { RequestListener } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { AgentFacts } from '../../core/agent-api.ts'
import { json } from '../core/kube/fake-server.ts'
import { makeCli, START } from '../support/cli.ts'
import { fakeAgentCluster, type FakePod } from './fake-agent.ts'

const facts = (change: Partial<AgentFacts> = {}): AgentFacts => ({
  version: '1.2.3',
  startedAt: new Date(Date.parse(START) - 3_600_000).toISOString(),
  isLeader: false,
  residentBytes: 50 * 2 ** 20,
  cpuSeconds: 1,
  namespaces: [],
  ...change,
})
const tells =
  (value: unknown, status = 200): RequestListener =>
  (_, response) =>
    json(response, value, status)

const lacking = {
  name: 'payments',
  isServed: false,
  lacks: [
    { code: 'X', message: 'it has no ServiceAccount', remedy: 'kubectl support-bundle-schedule install namespace payments' },
  ],
}
const leader: FakePod = {
  name: 'agent-b',
  uid: 'b',
  serve: tells(facts({ isLeader: true, namespaces: [{ name: 'shop', isServed: true, jobs: 4, lacks: [] }, lacking] })),
}

async function ask(pods: FakePod[], ...more: string[]) {
  const { edge, asked } = await fakeAgentCluster(pods)
  const cli = await makeCli(edge)
  return { said: await cli.run('status', '--agent', ...more), asked }
}

describe('status --agent', () => {
  it('shows each pod, and what namespaces lack with the command that mends it', async () => {
    const { said, asked } = await ask([{ name: 'agent-a', uid: 'a', isReady: false, serve: tells(facts()) }, leader])
    expect(said).toMatchObject({ code: 0, err: '' })
    expect(said.out).toMatch(/agent-b +leads +yes +1\.2\.3 +60m +50\.0 MiB/)
    expect(said.out).toMatch(/agent-a +waits +no +1\.2\.3/)
    expect(said.out).toMatch(/shop +yes +4 +-\n/)
    expect(said.out).toMatch(/payments +no +- +it has no ServiceAccount/)
    expect(said.out).toContain('To mend payments:   kubectl support-bundle-schedule install namespace payments')
    expect(asked).toEqual(['agent-b /api/v1/agent Bearer viewer-token', 'agent-a /api/v1/agent Bearer viewer-token'])
  })

  it('shows the others when one is silent', async () => {
    const { said } = await ask(
      [{ name: 'agent-a', uid: 'a', serve: (request) => request.socket.destroy() }, leader],
      '-o',
      'json',
    )
    const { replicas, namespaces } = JSON.parse(said.out) as {
      replicas: { pod: string; problem?: object }[]
      namespaces: object[]
    }
    expect(replicas).toMatchObject([
      { pod: 'agent-a', problem: { code: 'AGENT_UNREACHABLE' } },
      { pod: 'agent-b', facts: { isLeader: true } },
    ])
    expect(namespaces).toHaveLength(2)
  })

  it('takes the word of the one that leads about namespaces', async () => {
    const { said } = await ask(
      [{ name: 'agent-a', uid: 'a', serve: tells(facts()) }, leader],
      '-o',
      'jsonpath={.namespaces[*].name}',
    )
    expect(said.out).toBe('shop payments')
  })

  it('fails when none answers with its facts', async () => {
    const { said } = await ask([{ name: 'agent-a', uid: 'a', serve: tells({ hello: 1 }) }])
    expect(said).toMatchObject({ code: 1, out: '', err: expect.stringContaining('AGENT_UNREACHABLE') })
    const refused = await ask([{ name: 'agent-a', uid: 'a', serve: tells({ message: 'may not get agents' }, 403) }])
    expect(refused.said).toMatchObject({ code: 5, err: expect.stringContaining('may not get agents (AGENT_REFUSED)') })
    expect((await ask([])).said).toMatchObject({ code: 3, err: expect.stringContaining('AGENT_NOT_FOUND') })
  })

  it('goes with no job and no local store; without it a job is needed', async () => {
    expect((await ask([leader], 'nightly')).said).toMatchObject({ code: 2, err: expect.stringContaining('shows no job') })
    expect((await ask([leader], '--local')).said).toMatchObject({ code: 2, err: expect.stringContaining('daemon status') })
    const cli = await makeCli()
    expect(await cli.run('status')).toMatchObject({ code: 2, err: expect.stringContaining('needs JOB, or --agent') })
  })
})
