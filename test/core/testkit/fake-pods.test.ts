import { describe, expect, it } from 'vitest'
import type { Execution, RawObject } from '../../../core/contract/index.ts'
import { fakeKube, forbidden } from '../../../core/testkit/index.ts'

const pod = { kind: 'Pod', metadata: { name: 'a', namespace: 'ns' }, spec: { containers: [{ name: 'main' }] } }
const nameOf = ({ json }: RawObject) => (json['metadata'] as { name: string }).name
const textOf = async (stream: AsyncIterable<Uint8Array>) => {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}
const all = async ({ stdout, stderr, exitCode }: Execution) => [await textOf(stdout()), await textOf(stderr()), await exitCode]
const at = { namespace: 'ns', name: 'web', container: 'main' }

describe('commands in a made-up cluster', () => {
  it('come to what the table says, by words if need be', async () => {
    const kube = fakeKube({
      execs: {
        'ns/web/main': { stdout: 'out', stderr: 'err', exitCode: 3 },
        'ns/db/main': ([word]) => (word === 'no' ? new Error('no') : { stdout: word ?? '' }),
      },
    })
    expect(await all(await kube.exec(at, ['x']))).toEqual(['out', 'err', 3])
    expect(await all(await kube.exec({ ...at, name: 'db' }, ['yes']))).toEqual(['yes', '', 0])
    await expect(kube.exec({ ...at, name: 'db' }, ['no'])).rejects.toThrow('no')
  })

  it('fail where nothing is known of, and where the connection breaks', async () => {
    const kube = fakeKube({ execs: { 'ns/web/main': { stdout: 'half', breaksWith: new Error('cut') } } })
    await expect(kube.exec({ ...at, name: 'other' }, [])).rejects.toMatchObject({ code: 'EXEC_FAILED' })
    const running = await kube.exec(at, [])
    await expect(textOf(running.stdout())).rejects.toThrow('cut')
    await expect(running.exitCode).rejects.toThrow('cut')
  })

  it('go on while they are read, and not when they are left', async () => {
    const kube = fakeKube({ execs: { 'ns/web/main': { stdout: 'x'.repeat(100_000), exitCode: 3 } } })
    const read = await kube.exec(at, [])
    expect((await textOf(read.stdout())).length).toBe(100_000)
    expect(await read.exitCode).toBe(3)
    const left = await kube.exec(at, [])
    for await (const _ of left.stdout()) break
    await expect(left.exitCode).rejects.toThrow('nobody read on')
  })

  it('end with their signal', async () => {
    const kube = fakeKube({ execs: { 'ns/web/main': {} } })
    await expect(kube.exec(at, [], { signal: AbortSignal.abort(new Error('over')) })).rejects.toThrow('over')
  })
})

describe('what collectors create in a made-up cluster', () => {
  it('has a name of its own, the same for the same object', async () => {
    const names = [nameOf(await fakeKube().own(pod)), nameOf(await fakeKube().own(pod))]
    expect(names[0]).toMatch(/^a-\w{6}$/)
    expect(names[1]).toBe(names[0])
    expect(nameOf(await fakeKube().own({ ...pod, spec: {} }))).not.toBe(names[0])
  })

  it('is there, has ended well and printed nothing, unless it is told how it fares', async () => {
    const kube = fakeKube({ fate: () => ({ phase: 'Failed', logs: { main: 'log' }, events: [{ reason: 'Bad', message: 'm' }] }) })
    const [quiet, loud] = [fakeKube(), kube]
    for (const [one, phase, log, events] of [
      [quiet, 'Succeeded', '', 0],
      [loud, 'Failed', 'log', 1],
    ] as const) {
      const name = nameOf(await one.own(pod))
      const items = async (plural: string, fieldSelector: string) => {
        const found: RawObject[] = []
        for await (const part of one.list({ version: 'v1', plural, namespace: 'ns' }, { fieldSelector }))
          found.push(...part.items)
        return found
      }
      const [made] = await items('pods', `metadata.name=${name}`)
      expect(made?.json).toMatchObject({ metadata: { namespace: 'ns' }, status: { phase } })
      expect((await one.get(`/api/v1/namespaces/ns/pods/${name}`))?.json).toMatchObject({ status: { phase } })
      const body = one.logs({ namespace: 'ns', name, container: 'main' }, {})
      expect(typeof body === 'function' && (await textOf(body()))).toBe(log)
      expect(await items('events', `involvedObject.name=${name}`)).toHaveLength(events)
    }
  })

  it('can be refused, and is a Pod, a Secret or a ConfigMap', async () => {
    await expect(fakeKube({ fate: () => forbidden('pods') }).own(pod)).rejects.toMatchObject({ code: 'API_FORBIDDEN' })
    await expect(fakeKube().own({ kind: 'DaemonSet' })).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(nameOf(await fakeKube().own({ kind: 'Secret', metadata: { generateName: 'x-' } }))).toMatch(/^x-\w{6}$/)
  })

  it('has commands by the name that it was given', async () => {
    const kube = fakeKube({ fate: () => ({ phase: 'Running' }), execs: { 'ns/a/main': { stdout: 'in a' } } })
    const name = nameOf(await kube.own(pod))
    expect(await all(await kube.exec({ namespace: 'ns', name, container: 'main' }, []))).toEqual(['in a', '', 0])
  })
})
