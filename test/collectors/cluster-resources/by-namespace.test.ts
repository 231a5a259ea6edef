import { describe, expect, it } from 'vitest'
import { byNamespace, type Group } from '../../../collectors/cluster-resources/by-namespace.ts'
import type { RawList } from '../../../core/contract/index.ts'

const raw = (name: string, size = 10) => ({ text: name, json: { name }, bytes: Buffer.alloc(size) })
const part = (namespace: string | undefined, ...names: string[]): RawList => ({
  items: names.map((name) => raw(name)),
  resourceVersion: '7',
  ...(namespace === undefined ? {} : { namespace }),
})
const failing = (namespace: string): RawList => ({
  items: [],
  resourceVersion: '',
  namespace,
  failure: new Error(`no ${namespace}`),
})

async function groups(parts: RawList[], wanted?: string[], end?: Error) {
  const failures = new Map<string, Error>()
  const seen: string[] = []
  const told: Group[] = []
  async function* source() {
    yield* parts
    if (end) throw end
  }
  const grouping = { wanted: wanted && new Set(wanted), failures, onItem: (item: { text: string }) => void seen.push(item.text) }
  const error = await (async () => {
    for await (const group of byNamespace(source(), grouping)) told.push(group)
  })().catch((thrown: unknown) => thrown)
  const short = told.map(
    ({ namespace, items, isLarge }) => `${namespace}: ${isLarge ? 'large' : items.map(({ text }) => text).join(' ')}`,
  )
  return { told, short, seen, failures: Object.fromEntries([...failures].map(([name, { message }]) => [name, message])), error }
}

describe('grouping by namespace', () => {
  it('puts parts of one namespace together', async () => {
    const { short } = await groups([part('a', '1'), part('a', '2'), part('b', '3'), part('c')])
    expect(short).toEqual(['a: 1 2', 'b: 3', 'c: '])
  })

  it('leaves out what is not wanted, and what has no namespace', async () => {
    const { short, seen } = await groups([part('a', '1'), part('b', '2'), part(undefined)], ['b'])
    expect(short).toEqual(['b: 2'])
    expect(seen).toEqual(['2'])
  })

  it('gives no group for a namespace that failed, also in its middle', async () => {
    const { short, failures } = await groups([failing('a'), part('b', '1'), failing('b'), part('c', '2')])
    expect(short).toEqual(['c: 2'])
    expect(failures).toEqual({ a: 'no a', b: 'no b' })
  })

  it('forgets a failure when the namespace is listed after all', async () => {
    const { short, failures } = await groups([failing('a'), part('a', '1')])
    expect([short, failures]).toEqual([['a: 1'], {}])
  })

  it('gives what was whole before the list broke off', async () => {
    const { short, error } = await groups([part('a', '1'), part('b', '2')], undefined, new Error('cut'))
    expect(short).toEqual(['a: 1'])
    expect(error).toEqual(new Error('cut'))
  })

  it('says when objects come out of order', async () => {
    const { short, failures } = await groups([part('a', '1'), part('b', '2'), part('a', '3')])
    expect(short).toEqual(['a: 1', 'b: 2'])
    expect(failures).toEqual({ a: expect.stringContaining('out of order') })
  })

  it('holds no more than 16 MiB of one namespace, and still shows each object', async () => {
    const large: RawList = { items: [raw('1', 9 * 2 ** 20), raw('2', 9 * 2 ** 20)], resourceVersion: '1', namespace: 'a' }
    const { told, short, seen } = await groups([large, part('a', '3'), part('b', '4')])
    expect(short).toEqual(['a: large', 'b: 4'])
    expect(told[0]?.items).toEqual([])
    expect(seen).toEqual(['1', '2', '3', '4'])
  })
})
