import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { handOver } from '../../../../core/kube/handed-connection.ts'
import type { FromTask, RunRequest } from '../../../../core/task.ts'
import { connectionTo, useCluster } from '../../../cluster/use-cluster.ts'
import { makeWorkspace, runRequest, spec, taskProgram, unpack, type Workspace } from '../../../support/task.ts'

const cluster = await useCluster()

/** The built program as a process: what it is told of a cluster, and what it tells of it. */
describe.skipIf(cluster.skipped)('a task and the credentials of its cluster', () => {
  let space: Workspace
  beforeEach(async () => void (space = await makeWorkspace()))
  afterEach(() => space.remove())

  async function run(token: string, onNeedToken?: () => Promise<string>) {
    const messages: FromTask[] = []
    let text = ''
    const request: RunRequest = {
      ...runRequest(space),
      specs: [spec({ collectors: [{ clusterInfo: {} }, { clusterResources: { namespaces: ['default'] } }] })],
      cluster: { connection: await handOver(connectionTo(cluster.info, token)), namespaces: ['*'] },
    }
    const outcome = await taskProgram().start(request, {
      timeoutMs: 60_000,
      memoryBytes: 2 ** 30,
      ...(onNeedToken ? { onNeedToken } : {}),
      onMessage: (message) => void messages.push(message),
      onText: (piece) => void (text += piece),
    })
    const bundle = await unpack(outcome.result?.archive.path ?? '')
    return { outcome, messages, text, bundle }
  }

  it('asks for a new one when the server refuses the old one, once', async () => {
    let asked = 0
    const { outcome, bundle } = await run('expired-token', () => (asked++, Promise.resolve(cluster.info.adminToken)))
    expect(outcome.error).toBeUndefined()
    expect(asked).toBe(1)
    expect(JSON.parse(await bundle.read('cluster-info/cluster_version.json'))).toMatchObject({ string: 'v1.34.4' })
    expect(outcome.result?.archive.isPartial).toBe(false)
  })

  it('says what the server said when there is no other', async () => {
    const { bundle, messages } = await run('expired-token')
    expect(await bundle.read('cluster-info/errors.json')).toContain('does not know this user')
    expect(messages.filter(({ type }) => type === 'need-token')).toHaveLength(1)
  })

  it('says nothing of them', async () => {
    const { messages, text, bundle, outcome } = await run('secret-expired-token', () => Promise.resolve(cluster.info.adminToken))
    const files = await Promise.all(bundle.paths.map((path) => readFile(`${bundle.folder}/${path}`, 'utf8')))
    const said = [JSON.stringify(messages), text, JSON.stringify(outcome), ...files].join('\n')
    for (const token of ['secret-expired-token', cluster.info.adminToken]) expect(said).not.toContain(token)
  })
})
