import type { GatedClient } from './gated-client.ts'

/** Parts that are read before anyone asks, however large. */
const LEAST = 2
/** More of them up to so much, so that the server makes the next page while this one is worked on. */
const AHEAD_BYTES = 512 * 1024

/**
 * Reads on while what was read is worked on. Gives its turn at the server to others while it waits for its reader; `stop`
 * ends what is in flight when the reader does not want the rest.
 *
 * @param sizeOf bytes of a part
 */
export async function* readAhead<Part>(
  source: AsyncIterable<Part>,
  client: Pick<GatedClient, 'pauseFor'>,
  stop: () => void,
  sizeOf: (part: Part) => number,
): AsyncGenerator<Part> {
  const queue: { part: Part; bytes: number }[] = []
  let bytes = 0
  let isOver = false
  let failure: { error: unknown } | undefined
  let arrived = Promise.withResolvers<void>()
  let taken = Promise.withResolvers<void>()

  const pump = async () => {
    try {
      for await (const part of source) {
        const size = sizeOf(part)
        queue.push({ part, bytes: size })
        bytes += size
        arrived.resolve()
        while (queue.length >= LEAST && bytes >= AHEAD_BYTES && !isOver) await client.pauseFor(taken.promise)
        if (isOver) return
      }
    } catch (error) {
      failure = { error }
    } finally {
      isOver = true
      arrived.resolve()
    }
  }
  void pump()
  try {
    for (;;) {
      const next = queue.shift()
      if (next) {
        bytes -= next.bytes
        taken.resolve()
        taken = Promise.withResolvers()
        yield next.part
      } else if (isOver) {
        if (failure) throw failure.error
        return
      } else {
        arrived = Promise.withResolvers()
        await arrived.promise
      }
    }
  } finally {
    if (!isOver) {
      isOver = true
      taken.resolve()
      stop()
    }
  }
}
