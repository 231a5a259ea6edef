import type { InnerArchiveEdge } from './inner-archive.ts'

/** As `redactedArchive`, whose code is loaded with the first: few outputs are archives, and what opens them is 60 kB. */
export async function* openedArchive(
  path: string,
  body: AsyncIterable<Uint8Array>,
  edge: InnerArchiveEdge,
): AsyncGenerator<Uint8Array> {
  const { redactedArchive } = await import('./inner-archive.ts')
  yield* redactedArchive(path, body, edge)
}

/** True for the name of a file that is opened to be redacted. */
export const isInnerArchive = (path: string): boolean => /\.(?:tar|tgz|gz)$/i.test(path)
