import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ObjectFacts } from '../../../agent/drift/facts.ts'
import { PackedLists } from '../../../agent/drift/packed-lists.ts'
import { factsWith, listsNamed, objectsNamed, oddText } from './arbitrary-facts.ts'

const RUNS = { numRuns: 200 }
const sorted = (names: Iterable<string>) => [...new Set(names)].toSorted()
const POD: ObjectFacts = { uid: 'u', spec: 's', images: ['web:1'], replicas: 1, ready: 0, state: 'Pending', restarts: 2 }

describe('packed lists', () => {
  it('give back what was put in, each of any lists, sorted by name', () => {
    fc.assert(
      fc.property(listsNamed(oddText), (listed) => {
        const { lists } = factsWith(listed)
        for (const { folder, namespace, objects } of listed) {
          const unpacked = lists.objects(folder, namespace)
          expect(unpacked).toEqual(objects)
          expect([...unpacked.keys()]).toEqual(sorted(objects.keys()))
          expect(lists.names(folder, namespace)).toEqual([...unpacked.keys()])
        }
      }),
      RUNS,
    )
  })

  it('know which lists there are, sorted', () => {
    fc.assert(
      fc.property(listsNamed(oddText), (listed) => {
        const { lists } = factsWith(listed)
        expect(lists.size).toBe(listed.length)
        expect(lists.folders()).toEqual(sorted(listed.map(({ folder }) => folder)))
        for (const wanted of lists.folders()) {
          const namespaces = listed.filter(({ folder }) => folder === wanted).map(({ namespace }) => namespace)
          expect(lists.namespaces(wanted)).toEqual(sorted(namespaces))
        }
      }),
      RUNS,
    )
  })

  it('keep the last of two lists in one place', () => {
    fc.assert(
      fc.property(objectsNamed(oddText), objectsNamed(oddText), (first, last) => {
        const lists = new PackedLists()
        lists.put('pods', 'shop', first)
        lists.put('pods', 'shop', last)
        expect(lists.objects('pods', 'shop')).toEqual(last)
        expect(lists.size).toBe(1)
      }),
      RUNS,
    )
  })

  it('tell an empty list from one that is not there', () => {
    const lists = new PackedLists()
    lists.put('pods', 'shop', new Map())
    expect([lists.has('pods', 'shop'), lists.objects('pods', 'shop').size, lists.names('pods', 'shop')]).toEqual([true, 0, []])
    for (const [folder, namespace] of [
      ['pods', ''],
      ['pods', 'constructor'],
      ['nodes', 'shop'],
      ['__proto__', 'shop'],
    ] as const) {
      expect(lists.has(folder, namespace)).toBe(false)
      expect(lists.objects(folder, namespace)).toEqual(new Map())
    }
    expect(lists.namespaces('nodes')).toEqual([])
  })

  it('are not changed with the objects that they were made of, or that they gave', () => {
    const lists = new PackedLists()
    const objects = new Map([['Pod/a', structuredClone(POD)]])
    lists.put('pods', 'shop', objects)
    for (const map of [objects, lists.objects('pods', 'shop')]) {
      map.get('Pod/a')?.images?.push('other')
      map.set('Pod/b', POD)
    }
    expect(lists.objects('pods', 'shop')).toEqual(new Map([['Pod/a', POD]]))
  })

  it('keep what is known alone: a number that is none is not', () => {
    const lists = new PackedLists()
    lists.put('pods', 'shop', new Map([['Pod/a', { uid: '', spec: '', replicas: Number.NaN, ready: 0 }]]))
    expect(Object.entries(lists.objects('pods', 'shop').get('Pod/a') ?? {})).toEqual([
      ['uid', ''],
      ['spec', ''],
      ['ready', 0],
    ])
  })
})
