/** Messages on stdout, for a task whose parent is at the other end of an exec. */
export interface StdoutMessages {
  write(text: string): void
  /** resolves once all of it is on its way, or nobody reads any more */
  drained(): Promise<void>
}

type Write = (text: string, done?: () => void) => boolean

/** Takes a stream for messages alone: what else is written to it goes to `others` from now on. */
export function messagesOn(stream: { write: Write }, others: { write: Write }): StdoutMessages {
  const write = stream.write.bind(stream)
  stream.write = others.write.bind(others)
  return {
    write: (text) => void write(text),
    drained: () => new Promise((resolve) => void write('', () => resolve())),
  }
}
