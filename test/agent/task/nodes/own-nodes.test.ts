import { afterEach, describe, expect, it } from 'vitest'
import { IMAGE } from '../../../../agent/config.ts'
import type { OfNodes } from '../../../../agent/task/parent.ts'
import { ownNodes } from '../../../../agent/task/nodes/own-nodes.ts'
import { systemClock } from '../../../../core/clock.ts'
import { fixedCredentials } from '../../../../core/kube/connection.ts'
import { handOver } from '../../../../core/kube/handed-connection.ts'
import type { RunRequest } from '../../../../core/task.ts'
import { aConnection } from '../../../core/kube/fake-server.ts'
import { runRequest } from '../../../support/task.ts'
import { type FakeTask, startFakeNodes } from '../../hosts/fake-nodes.ts'

const cleanUp: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const work of cleanUp.splice(0)) await work()
})

const EDGE = { clock: systemClock, version: '1', random: Math.random, needToken: async () => '' }
const request = (change: Partial<RunRequest>) => runRequest({ work: '/work', plugins: '/plugins' }, change)

async function nodes(onTask: (task: FakeTask) => void, change: Partial<RunRequest> = {}) {
  const fake = await startFakeNodes({ nodes: [{ name: 'n1' }], onTask })
  cleanUp.push(fake.close)
  const credentials = fixedCredentials({ authorization: 'Bearer t' })
  const connection = await handOver(aConnection(fake.url, { namespace: 'mine', credentials }))
  const own = ownNodes(request({ cluster: { connection, namespaces: ['*'] }, ...change }), EDGE)
  const heard: OfNodes[] = []
  const over = Promise.withResolvers<void>()
  const begin = () =>
    own.nodes({ entries: [], timeoutMs: 10_000 }, (message) => {
      heard.push(message)
      if (message.type === 'nodes-over') over.resolve()
    })
  return { fake, own, heard, begin, over: over.promise }
}

describe('a run with the rights of its user', () => {
  it('makes pods in the namespace of the kubeconfig, and hands on what they say', async () => {
    const { fake, own, heard, begin, over } = await nodes(({ say, end }) => {
      say({ type: 'done', result: { ran: 0 } })
      end(0)
    })
    begin()
    await over
    await own.stop()
    expect(heard).toEqual([
      { type: 'nodes', names: ['n1'] },
      { type: 'node', node: 'n1', word: { kind: 'over' } },
      { type: 'nodes-over' },
    ])
    expect(fake.made[0]).toMatchObject({ metadata: { namespace: 'mine' }, spec: { containers: [{ image: IMAGE }] } })
  })

  it('removes them when it ends before they have', async () => {
    const begun = Promise.withResolvers<FakeTask>()
    const { fake, own, begin } = await nodes(begun.resolve, { hostImage: 'example.com/mine:2' })
    begin()
    await begun.promise
    await own.stop()
    expect([...fake.pods.keys()]).toEqual([])
    expect(fake.made[0]).toMatchObject({ spec: { containers: [{ image: 'example.com/mine:2' }] } })
  })

  it('needs a cluster, and looks at no other machine instead', () => {
    expect(() => ownNodes(request({}), EDGE)).toThrow(/needs a cluster/)
  })

  it('that wants none has nothing to clear up', async () => {
    const { own, fake } = await nodes(() => undefined)
    await own.stop()
    expect(fake.made).toEqual([])
  })
})
