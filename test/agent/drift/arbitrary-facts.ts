import fc from 'fast-check'
import type { Facts, ObjectFacts, ObjectsByName } from '../../../agent/drift/facts.ts'
import { PackedLists } from '../../../agent/drift/packed-lists.ts'
import { RUN } from './bundle.ts'

/** Any text that a server, or the writer of a baseline, could put into facts. */
export const oddText = fc.oneof(
  fc.constantFrom('', '__proto__', 'constructor', '10', '9', 'a\nb', '"},{"', '\u2028', 'ünï/😀'),
  fc.string({ unit: 'binary', maxLength: 12 }).map((raw) => raw.toWellFormed()),
)
/** As names are on a server: none of them is a number. */
export const plainName = fc.stringMatching(/^[a-z][a-z0-9/.-]{0,6}$/)

const number = fc.nat(5)
const object: fc.Arbitrary<ObjectFacts> = fc.record(
  {
    uid: oddText,
    spec: oddText,
    images: fc.array(oddText, { maxLength: 3 }),
    replicas: number,
    ready: number,
    state: oddText,
    restarts: number,
  },
  { requiredKeys: ['uid', 'spec'] },
)

export const objectsNamed = (name: fc.Arbitrary<string>): fc.Arbitrary<ObjectsByName> =>
  fc.uniqueArray(fc.tuple(name, object), { selector: ([one]) => one, maxLength: 6 }).map((entries) => new Map(entries))

interface Listed {
  folder: string
  namespace: string
  objects: ObjectsByName
}
export const listsNamed = (name: fc.Arbitrary<string>): fc.Arbitrary<Listed[]> =>
  fc.uniqueArray(fc.record({ folder: name, namespace: fc.oneof(fc.constant(''), name), objects: objectsNamed(name) }), {
    selector: ({ folder, namespace }) => JSON.stringify([folder, namespace]),
    maxLength: 8,
  })

/** Facts of a run with these lists. */
export function factsWith(listed: readonly Listed[], change: Partial<Facts> = {}): Facts {
  const lists = new PackedLists()
  for (const { folder, namespace, objects } of listed) lists.put(folder, namespace, objects)
  const { isCustomWhole: isWhole, ...run } = RUN
  return { ...run, lists, hasAllNamespaces: true, custom: { isWhole, failed: new Set() }, ...change }
}
