import type { ObjectFacts, ObjectsByName } from './facts.ts'

/**
 * Facts of objects, by folder below `cluster-resources/` and namespace ('' for a kind of the whole cluster). An empty list was
 * listed, a missing one was not.
 *
 * A list is kept as one text, about 100 bytes an object, and made into objects when it is asked for: kept as objects, those of a
 * large cluster take more memory than all else of a run.
 */
export class PackedLists {
  readonly #lists = new Map<string, Map<string, string>>()
  readonly #shared = new SharedTexts()

  /** how many lists there are */
  get size(): number {
    return [...this.#lists.values()].reduce((sum, all) => sum + all.size, 0)
  }

  /** sorted */
  folders(): string[] {
    return [...this.#lists.keys()].toSorted()
  }

  /** those that were listed in a folder, sorted */
  namespaces(folder: string): string[] {
    return [...(this.#lists.get(folder)?.keys() ?? [])].toSorted()
  }

  has(folder: string, namespace: string): boolean {
    return this.#lists.get(folder)?.has(namespace) === true
  }

  /** Keeps a list in the place of what was there. */
  put(folder: string, namespace: string, objects: ObjectsByName): void {
    let all = this.#lists.get(folder)
    if (!all) this.#lists.set(folder, (all = new Map<string, string>()))
    all.set(this.#shared.same(namespace), this.#pack(objects))
  }

  /** The objects of a list, sorted by name and made anew with each call; none when it is not there. */
  objects(folder: string, namespace: string): ObjectsByName {
    return new Map(this.#rows(folder, namespace).map((row) => [row[0], this.#factsOf(row)]))
  }

  /** `Kind/name` of the objects of a list, sorted. */
  names(folder: string, namespace: string): string[] {
    return this.#rows(folder, namespace).map(([name]) => name)
  }

  #pack(objects: ObjectsByName): string {
    return objects.size === 0 ? '' : JSON.stringify([...objects].map((entry) => this.#rowOf(entry)).toSorted(byName))
  }

  #rows(folder: string, namespace: string): Row[] {
    const packed = this.#lists.get(folder)?.get(namespace)
    return packed ? (JSON.parse(packed) as Row[]) : []
  }

  #rowOf([name, { uid, spec, images, replicas, ready, state, restarts }]: [string, ObjectFacts]): Row {
    const shared = this.#shared
    return [
      name,
      uid,
      spec,
      images ? images.map((image) => shared.put(image)) : null,
      replicas ?? null,
      ready ?? null,
      state === undefined ? null : shared.put(state),
      restarts ?? null,
    ]
  }

  #factsOf([, uid, spec, images, replicas, ready, state, restarts]: Row): ObjectFacts {
    return {
      uid,
      spec,
      ...(images ? { images: images.map((image) => this.#shared.at(image)) } : {}),
      ...(replicas === null ? {} : { replicas }),
      ...(ready === null ? {} : { ready }),
      ...(state === null ? {} : { state: this.#shared.at(state) }),
      ...(restarts === null ? {} : { restarts }),
    }
  }
}

/** An object as it is kept: what many objects have is a number of the shared texts, what is not known is null. */
type Row = [
  name: string,
  uid: string,
  spec: string,
  images: number[] | null,
  replicas: number | null,
  ready: number | null,
  state: number | null,
  restarts: number | null,
]

const byName = ([a]: Row, [b]: Row) => (a < b ? -1 : 1)

/** Texts that are kept once, by number. */
class SharedTexts {
  readonly #numbers = new Map<string, number>()
  readonly #texts: string[] = []

  put(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.#numbers.set(text, this.#texts.length)
    return this.#texts.push(text) - 1
  }

  at(number: number): string {
    return this.#texts[number] ?? ''
  }

  /** the same text, the one that is kept */
  same(text: string): string {
    return this.at(this.put(text))
  }
}
