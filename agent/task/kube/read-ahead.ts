import type { GatedClient } from './gated-client.ts'

/** Read before anyone asks; each is a page of a list, or 256 KiB of one. */
const DEPTH = 2

/**
 * Reads on while what was read is worked on. Gives its turn at the server to others while it waits for its reader; `stop`
 * ends what is in flight when the reader does not want the rest.
 */
export async function* readAhead<Part>(
  source: AsyncIterable<Part>,
  client: Pick<GatedClient, 'pauseFor'>,
  stop: () => void,
): AsyncGenerator<Part> {
  const queue: Part[] = []
  let isOver = false
  let failure: { error: unknown } | undefined
  let arrived = Promise.withResolvers<void>()
  let taken = Promise.withResolvers<void>()

  const pump = async () => {
    try {
      for await (const part of source) {
        queue.push(part)
        arrived.resolve()
        while (queue.length >= DEPTH && !isOver) await client.pauseFor(taken.promise)
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
      const part = queue.shift()
      if (part !== undefined) {
        taken.resolve()
        taken = Promise.withResolvers()
        yield part
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
