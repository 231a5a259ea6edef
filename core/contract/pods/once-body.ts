/**
 * The rest of a stream as the body of one file. It is read before the next output is asked for, or never: what comes behind it in
 * the stream would else be read by two.
 */
export interface OnceBody {
  open: () => AsyncIterable<Uint8Array>
  /** To be called when the next output is asked for. True when the body was read to its end; it cannot be read any more. */
  close(): boolean
}

const TOO_LATE = 'this body can be read once, before the next output is asked for'

export function onceBody(pieces: () => AsyncIterable<Uint8Array>): OnceBody {
  let state: 'new' | 'open' | 'closed' | 'read' = 'new'
  const check = (wanted: typeof state) => {
    if (state !== wanted) throw new Error(TOO_LATE)
  }
  return {
    async *open() {
      check('new')
      state = 'open'
      for await (const piece of pieces()) {
        yield piece
        check('open')
      }
      state = 'read'
    },
    close() {
      if (state !== 'read') state = 'closed'
      return state === 'read'
    },
  }
}
