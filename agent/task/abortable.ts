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
  /** ends the wait for the step that is under way: one listener for all of them, since there are thousands */
  let giveUp: ((reason: unknown) => void) | undefined
  let isAborted = signal.aborted
  const onAbort = () => {
    isAborted = true
    giveUp?.(signal.reason)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  const step = () =>
    new Promise<IteratorResult<Item>>((resolve, reject) => {
      giveUp = reject
      // Also when it is not waited for: a promise that rejects unheard would end the whole process.
      started(() => iterator.next()).then(resolve, reject)
      if (isAborted) reject(signal.reason as Error)
    })
  try {
    for (let count = 1; ; count++) {
      const { done, value } = await step()
      if (done) {
        isOver = true
        return
      }
      yield value
      if (count % TURN === 0) await setImmediate()
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
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
