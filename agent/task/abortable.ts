/**
 * Iterates, but never waits longer than until `signal` aborts: then throws its reason and leaves the source to itself (its
 * `return` is called, not awaited, since a hung source would hang that too).
 */
export async function* abortable<Item>(source: AsyncIterable<Item> | Iterable<Item>, signal: AbortSignal): AsyncGenerator<Item> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  let isOver = false
  try {
    for (;;) {
      const step = await orAbort(Promise.resolve(iterator.next()), signal)
      if (step.done) {
        isOver = true
        return
      }
      yield step.value
    }
  } finally {
    if (!isOver) void Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
}

/** The promise's result, or the signal's reason if that comes first. */
export function orAbort<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
