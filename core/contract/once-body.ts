/** The rest of a stream as the body of one file: it is opened before the next output is asked for, or never. */
export interface OnceBody {
  open: () => AsyncIterable<Uint8Array>
  /** Waits for whoever reads it. True when it was read to its end; later it cannot be opened any more. */
  settle(): Promise<boolean>
}

export function onceBody(pieces: () => AsyncIterable<Uint8Array>): OnceBody {
  let state: 'new' | 'open' | 'left' | 'read' = 'new'
  const ended = Promise.withResolvers<void>()
  return {
    async *open() {
      if (state !== 'new') throw new Error('this body can be read once, before the next output is asked for')
      state = 'open'
      try {
        yield* pieces()
        state = 'read'
      } finally {
        if (state !== 'read') state = 'left'
        ended.resolve()
      }
    },
    async settle() {
      if (state === 'new') state = 'left'
      else await ended.promise
      return state === 'read'
    },
  }
}
