/**
 * Works on sources one after the other, in order, and begins the next few before their turn, so that waiting for one is not
 * added to waiting for the others. A source that fails early says so when its turn comes; one whose turn never comes is ended.
 *
 * @param atOnce sources begun at the same time, the one worked on among them
 */
export async function* ahead<Item, Value>(
  items: Iterable<Item>,
  atOnce: number,
  begin: (item: Item) => AsyncIterable<Value>,
): AsyncGenerator<{ item: Item; values: AsyncIterable<Value> }> {
  const begun: { item: Item; source: Begun<Value> }[] = []
  const rest = items[Symbol.iterator]()
  const fill = () => {
    while (begun.length < atOnce) {
      const next = rest.next()
      if (next.done) return
      begun.push({ item: next.value, source: new Begun(begin(next.value)) })
    }
  }
  try {
    for (fill(); begun.length > 0; fill()) {
      const first = begun[0]
      if (!first) return
      yield { item: first.item, values: first.source }
      await first.source.end()
      begun.shift()
    }
  } finally {
    await Promise.all(begun.map(({ source }) => source.end()))
  }
}

/** A source that was asked for its first value already. */
class Begun<Value> implements AsyncIterable<Value> {
  readonly #iterator: AsyncIterator<Value>
  #first: Promise<IteratorResult<Value>> | undefined
  #isOver = false

  constructor(source: AsyncIterable<Value>) {
    this.#iterator = source[Symbol.asyncIterator]()
    this.#first = this.#iterator.next()
    // whoever comes to it hears of it; unheard it would end the process
    this.#first.catch(() => undefined)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Value> {
    try {
      for (;;) {
        const step = await (this.#first ?? this.#iterator.next())
        this.#first = undefined
        if (step.done) break
        yield step.value
      }
      this.#isOver = true
    } finally {
      await this.end()
    }
  }

  async end(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    await this.#iterator.return?.().catch(() => undefined)
  }
}
