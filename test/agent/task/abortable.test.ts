import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { abortable, orAbort } from '../../../agent/task/abortable.ts'

const never = () => new Promise<never>(() => {})
async function gather<Item>(source: AsyncIterable<Item> | Iterable<Item>, signal = new AbortController().signal) {
  const items: Item[] = []
  try {
    for await (const item of abortable(source, signal)) items.push(item)
  } catch (error) {
    return { items, error: (error as Error).message }
  }
  return { items, error: undefined }
}

describe('abortable', () => {
  it('gives what the source gives, however it is made', async () => {
    async function* source() {
      yield 1
      yield 2
    }
    expect(await gather(source())).toEqual({ items: [1, 2], error: undefined })
    expect(await gather([1, 2])).toEqual({ items: [1, 2], error: undefined })
    expect(await gather(Array.from({ length: 500 }, (_, index) => index))).toMatchObject({ items: { length: 500 } })
  })

  it('does not wait for a source that hangs, nor for its end', async () => {
    const stop = new AbortController()
    async function* source() {
      yield 1
      stop.abort(new Error('over'))
      await never()
      yield 2
    }
    expect(await gather(source(), stop.signal)).toEqual({ items: [1], error: 'over' })
  })

  it('begins nothing that it does not hear of: a source that fails after the abort harms nobody', async () => {
    const unheard: unknown[] = []
    const listen = (error: unknown) => void unheard.push(error)
    process.on('unhandledRejection', listen)
    async function* source() {
      yield await Promise.reject(new Error('late'))
    }
    expect(await gather(source(), AbortSignal.abort(new Error('over')))).toEqual({ items: [], error: 'over' })
    await new Promise((resolve) => setTimeout(resolve, 5))
    process.off('unhandledRejection', listen)
    expect(unheard).toEqual([])
  })

  it('lets the source clean up', async () => {
    const log: string[] = []
    async function* source() {
      try {
        yield 1
        yield 2
      } finally {
        log.push('clean')
      }
    }
    for await (const item of abortable(source(), new AbortController().signal)) if (item === 1) break
    await new Promise((resolve) => setImmediate(resolve))
    expect(log).toEqual(['clean'])
  })

  it.each([
    [
      'throws at next',
      {
        next: () => {
          throw new Error('at next')
        },
      },
      'at next',
    ],
    [
      'throws at return too',
      {
        next: () => {
          throw new Error('at next')
        },
        return: () => {
          throw new Error('at return')
        },
      },
      'at next',
    ],
    [
      'rejects at return too',
      { next: () => Promise.reject(new Error('at next')), return: () => Promise.reject(new Error('at return')) },
      'at next',
    ],
    ['gives no step', { next: () => undefined }, expect.stringContaining('undefined')],
  ])('a source that %s', async (_, iterator, error) => {
    expect(await gather({ [Symbol.asyncIterator]: () => iterator } as never)).toEqual({ items: [], error })
  })

  it('lets others have their turn, however busy the source is', async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('over')), 5)
    async function* source() {
      for (;;) yield 0
    }
    expect((await gather(source(), stop.signal)).error).toBe('over')
  })
})

describe('orAbort', () => {
  it('is the first of both, and leaves nothing at the signal', async () => {
    const stop = new AbortController()
    expect(await orAbort(Promise.resolve(1), stop.signal)).toBe(1)
    await expect(orAbort(Promise.reject(new Error('x')), stop.signal)).rejects.toThrow('x')
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
    const waiting = orAbort(never(), stop.signal)
    stop.abort(new Error('over'))
    await expect(waiting).rejects.toThrow('over')
    await expect(orAbort(never(), stop.signal)).rejects.toThrow('over')
  })
})
