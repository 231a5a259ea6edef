import { afterEach, describe, expect, it } from 'vitest'
import { createOwned } from '../../../../agent/task/kube/owned.ts'
import { systemClock } from '../../../../core/clock.ts'
import { aClient, type FakeServer, json, startFakeServer } from '../../../core/kube/fake-server.ts'

// No real server loses answers at the moment that a test wants it to.

const servers: FakeServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

const POD = { kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [] } }
const OWNER = {
  run: { id: 'nightly.1', uid: 'run-1', job: 'nightly', namespace: 'ns' },
  isObject: false,
  expiresAt: new Date('2060-01-01T00:00:00Z'),
  defaultNamespace: 'ns',
  mayUseTokens: false,
  withheld: [],
}

/** A server that answers to a creation as `how` says: after a time, with a status, or by cutting the connection. */
async function aServer(how: { status?: number; createsAfterMs?: number; answersAfterMs?: number; isCut?: boolean }) {
  const pods = new Map<string, object>()
  const server = await startFakeServer((request, response, count) => {
    const path = new URL(request.url ?? '', 'http://x').pathname
    if (request.method === 'GET') return json(response, { kind: 'PodList', metadata: {}, items: [...pods.values()] })
    if (request.method === 'DELETE') return json(response, {}, pods.delete(path.split('/').at(-1) ?? '') ? 200 : 404)
    const { status = 201, createsAfterMs = 0, answersAfterMs = 0 } = how
    const { metadata } = JSON.parse(server.requests[count - 1]?.body ?? '') as { metadata: { name: string } }
    const made = { metadata: { ...metadata, uid: 'u1' } }
    if (status < 300 || status >= 500) void systemClock.sleep(createsAfterMs).then(() => pods.set(metadata.name, made))
    if (how.isCut) return void request.socket.destroy()
    void systemClock
      .sleep(answersAfterMs)
      .then(() => json(response, status < 300 ? made : { kind: 'Status', code: status }, status))
  })
  servers.push(server)
  const { client } = aClient(server.url, {}, { clock: systemClock })
  const owned = createOwned(OWNER, { clock: systemClock, random: Math.random, client: () => client })
  const methods = () => server.requests.map(({ method }) => method)
  return { pods, owned, client, methods }
}

describe('an object whose creation', () => {
  it('was cut off while the server was still at work on it is found a moment later', async () => {
    const { pods, owned, client } = await aServer({ isCut: true, createsAfterMs: 200 })
    await expect(owned.create(POD)).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
    expect(await owned.release(client)).toEqual([])
    await systemClock.sleep(250)
    expect([...pods.keys()]).toEqual([])
  })

  it('failed with an error of the server may be there all the same', async () => {
    const { pods, owned, client } = await aServer({ status: 504 })
    await expect(owned.create(POD)).rejects.toMatchObject({ status: 504 })
    expect(await owned.release(client)).toEqual([])
    expect([...pods.keys()]).toEqual([])
  })

  it('is under way when its entry ends is waited for', async () => {
    const { pods, owned, client, methods } = await aServer({ createsAfterMs: 100, answersAfterMs: 150 })
    const creation = owned.create(POD)
    await systemClock.sleep(20)
    expect(await owned.release(client)).toEqual([])
    await creation
    expect([...pods.keys()]).toEqual([])
    expect(methods()).toEqual(['POST', 'DELETE'])
  })

  it('was refused is not looked for', async () => {
    const { owned, client, methods } = await aServer({ status: 422 })
    await expect(owned.create(POD)).rejects.toMatchObject({ status: 422 })
    expect(await owned.release(client)).toEqual([])
    expect(methods()).toEqual(['POST'])
  })

  it('would come after the end of its entry is none', async () => {
    const { owned, client, methods } = await aServer({})
    await owned.release(client)
    await expect(owned.create(POD)).rejects.toThrow('its entry has ended')
    expect(methods()).toEqual([])
  })
})
