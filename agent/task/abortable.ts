import { setImmediate } from 'node:timers/promises'

/** Items after which other work gets its turn. */
const TURN = 64

/**
 * Iterates, but never waits longer than until `signal` aborts: then throws its reason and leaves the source to itself (its
 * `return` is called, not awaited, since a hung source would hang that too). A source that never waits for anything does not
 * keep timers and signals from coming through.
 */
export async function* abortable<Item>(source: AsyncIterable<Item> | Iterable<Item>, signal: AbortSignal): AsyncGenerator<Item> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  let isOver = false
  try {
    for (let count = 1; ; count++) {
      const step = await orAbort(
        started(() => iterator.next()),
        signal,
      )
      if (step.done) {
        isOver = true
        return
      }
      yield step.value
      if (count % TURN === 0) await setImmediate()
    }
  } finally {
    if (!isOver) started(() => iterator.return?.()).catch(() => undefined)
  }
}

/** A throw of foreign code becomes a rejection. */
async function started<Value>(work: () => Value | PromiseLike<Value>): Promise<Awaited<Value>> {
  return await work()
}

/** The promise's result, or the signal's reason if that comes first. */
export function orAbort<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error)
    // Also when it is not waited for: a promise that rejects unheard would end the whole process.
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}
