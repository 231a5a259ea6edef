import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFacts, encodeFacts } from '../../../agent/drift/codec.ts'
import { compareFacts } from '../../../agent/drift/compare.ts'
import type { Facts } from '../../../agent/drift/facts.ts'
import { JsonScan } from '../../../agent/drift/json-scan.ts'
import { deployment, factsOf, type Files, type Form, item, type Item, owned, pod } from './bundle.ts'

const name = fc.stringMatching(/^[a-z]{1,3}$/)
const text = fc.string({ unit: 'binary', maxLength: 30 }).map((raw) => raw.toWellFormed())
const object: fc.Arbitrary<Item> = fc.oneof(
  fc.tuple(name, text).map(([one, value]) => item('ConfigMap', one, { data: { [value]: value } }, { labels: { [one]: value } })),
  fc.tuple(name, fc.nat(3), fc.nat(3)).map(([one, replicas, ready]) => deployment(one, { replicas, ready })),
  fc.tuple(name, fc.nat(3), fc.boolean()).map(([one, restarts, isReady]) => pod(one, { restarts, isReady })),
  fc.tuple(name, name, fc.nat(3)).map(([one, owner, restarts]) => owned(pod(one, { restarts }), 'ReplicaSet', owner)),
  fc.tuple(name, name).map(([one, owner]) => owned(item('ReplicaSet', one), 'Deployment', owner)),
)
const FOLDERS: Readonly<Record<string, string>> = {
  ConfigMap: 'configmaps',
  Deployment: 'deployments',
  Pod: 'pods',
  ReplicaSet: 'replicasets',
}

/** Lists by kind; an object's name is its own within its kind, as on a server. */
const files: fc.Arbitrary<Files> = fc
  .uniqueArray(object, { selector: ({ kind, metadata }) => `${kind}/${metadata.name}`, maxLength: 20 })
  .map((objects) => {
    const all: Record<string, Item[]> = Object.fromEntries(Object.values(FOLDERS).map((folder) => [`${folder}/shop.json`, []]))
    for (const one of objects) all[`${FOLDERS[one.kind]}/shop.json`]?.push(one)
    return all
  })
const jsonOf = async (facts: Facts) => JSON.parse(gunzipSync(await encodeFacts(facts)).toString()) as unknown
const form = fc.constantFrom<Form>('indented', 'compact', 'tabs')
const RUNS = { numRuns: 60 }

describe('facts', () => {
  it('do not depend on the order of objects and files', async () => {
    await fc.assert(
      fc.asyncProperty(files, async (all) => {
        const turned = Object.fromEntries(
          Object.entries(all)
            .toReversed()
            .map(([path, items]) => [path, typeof items === 'string' ? items : items.toReversed()]),
        )
        expect(await jsonOf(factsOf(turned))).toEqual(await jsonOf(factsOf(all)))
      }),
      RUNS,
    )
  })

  it('are read back as they were written', async () => {
    await fc.assert(
      fc.asyncProperty(files, form, async (all, written) => {
        const facts = factsOf(all, { verdicts: new Map([['a', 'pass']]) }, written)
        const read = await decodeFacts(await encodeFacts(facts))
        expect(await jsonOf(read)).toEqual(await jsonOf(facts))
        expect(compareFacts(read, facts)).toEqual(compareFacts(facts, facts))
      }),
      RUNS,
    )
  })

  it('but for the hash do not depend on how JSON is written', () => {
    fc.assert(
      fc.property(files, form, (all, written) => {
        const [one, other] = [factsOf(all), factsOf(all, { masking: 'other' }, written)]
        const { appeared, gone, changed } = compareFacts(one, other)
        expect({ appeared, gone, changed }).toEqual({ appeared: [], gone: [], changed: [] })
      }),
      RUNS,
    )
  })
})

describe('a comparison', () => {
  it('with itself finds nothing', () => {
    fc.assert(
      fc.property(files, (all) => {
        const { appeared, gone, changed, flips, unknown } = compareFacts(factsOf(all), factsOf(all))
        expect([appeared, gone, changed, flips, unknown]).toEqual([[], [], [], [], []])
      }),
      RUNS,
    )
  })

  it('the other way round has gone what appeared', () => {
    fc.assert(
      fc.property(files, files, (a, b) => {
        const [there, back] = [compareFacts(factsOf(a), factsOf(b)), compareFacts(factsOf(b), factsOf(a))]
        expect(there.appeared).toEqual(back.gone)
        expect(there.gone).toEqual(back.appeared)
      }),
      RUNS,
    )
  })
})

describe('the scan', () => {
  const value = fc.json({ maxDepth: 5 }).map((json) => JSON.parse(json) as unknown)

  it('steps over any value to its very end', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, 2, 4, '\t'), (one, spaces) => {
        const json = JSON.stringify(one, undefined, spaces)
        const scan = new JsonScan(Buffer.from(` ${json},`))
        expect(JSON.parse(scan.take().toString())).toEqual(one)
        expect(scan.at).toBe(Buffer.byteLength(json) + 1)
      }),
      { numRuns: 300 },
    )
  })

  it('gives texts as JSON.parse does, long ones and escaped ones too', () => {
    const piece = fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom('\\', '"', '\n', 'x'.repeat(50), 'y'.repeat(5000)))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (parts) => {
        const text = parts.join('')
        const scan = new JsonScan(Buffer.from(JSON.stringify({ a: [text], [`key ${text}`]: text, z: 1 })))
        scan.enterObject()
        scan.nextKey()
        scan.skip()
        scan.nextKey()
        expect(scan.name()).toBe(`key ${text}`)
        expect(scan.text()).toBe(text)
        while (scan.nextKey()) expect(scan.number()).toBe(1)
      }),
      { numRuns: 200 },
    )
  })

  it('gives members as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), value), fc.constantFrom(undefined, 2), (one, spaces) => {
        const scan = new JsonScan(Buffer.from(JSON.stringify(one, undefined, spaces)))
        const found: [string, unknown][] = []
        scan.enterObject()
        while (scan.nextKey()) found.push([scan.key(), JSON.parse(scan.take().toString()) as unknown])
        expect(found).toEqual(Object.entries(JSON.parse(JSON.stringify(one)) as object))
      }),
      { numRuns: 200 },
    )
  })

  it('ends on any bytes: with a value, or an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.string(), (bytes, raw) => {
        for (const one of [bytes, Buffer.from(raw), Buffer.from(`{\n  "a": [\n${raw}`)]) {
          const scan = new JsonScan(one)
          try {
            if (scan.enterObject()) while (scan.nextKey()) scan.skip()
          } catch (error) {
            expect(error).toBeInstanceOf(SyntaxError)
          }
          expect(scan.at).toBeLessThanOrEqual(one.length)
        }
      }),
      { numRuns: 300 },
    )
  })
})
