import { pipeline, Readable } from 'node:stream'
import type { Clock } from '../clock.ts'
import type { Answer } from './http/answer.ts'
import { type Silence, watchSilence } from './silence.ts'
import { unreachable } from './transport.ts'

/** The body of an answer, read once. Not reading it to its end gives the connection up. */
export interface ResponseBody extends AsyncIterable<Buffer> {
  /** gives it up without reading; harmless after its end */
  cancel(): void
}

/**
 * Gives the pieces of a body as they come. A cut connection, or silence beyond `idleMs` while a piece is awaited, rejects
 * with CLUSTER_UNREACHABLE; an abort with the signal's reason. A body that nobody reads never throws.
 */
export function readBody(
  answer: Answer,
  options: { server: string; clock: Clock; idleMs: number; signal: AbortSignal | undefined },
): ResponseBody {
  return {
    cancel: () => answer.destroy(),
    [Symbol.asyncIterator]: () => pieces(answer, options),
  }
}

async function* pieces(
  answer: Answer,
  { server, clock, idleMs, signal }: { server: string; clock: Clock; idleMs: number; signal: AbortSignal | undefined },
): AsyncGenerator<Buffer> {
  let silent: Error | undefined
  const onAbort = () => answer.destroy(signal?.reason as Error)
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  const silence = watchSilence(clock, idleMs, (limitMs) => {
    silent = new Error(`it stopped in the middle of an answer for ${Math.round(limitMs / 1000)} s`)
    answer.destroy(silent)
  })
  silence.rest()
  try {
    yield* answer.headers['content-encoding'] === 'gzip' ? await unpacked(answer, silence) : sent(answer, silence)
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw unreachable(server, silent ?? (isCut(error) ? new Error('the connection was cut in the middle of an answer') : error))
  } finally {
    silence.stop()
    signal?.removeEventListener('abort', onAbort)
    answer.destroy()
  }
}

/** No generator: each piece would wait three times for its turn. */
function sent(answer: Answer, silence: Silence): AsyncIterableIterator<Buffer> {
  const iterator: AsyncIterableIterator<Buffer> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      for (;;) {
        const value = answer.take()
        if (value) return { done: false, value }
        if (answer.failure) throw answer.failure
        if (answer.isOver) return { done: true, value: undefined }
        silence.expect()
        await answer.changed()
        silence.rest()
      }
    },
  }
  return iterator
}

async function unpacked(answer: Answer, silence: Silence): Promise<AsyncIterable<Buffer>> {
  const { createGunzip } = await import('node:zlib')
  // an error of one side ends the other; the reader hears of it through the gunzip
  return pipeline(Readable.from(sent(answer, silence)), createGunzip(), () => undefined)
}

const isCut = (error: unknown) =>
  ['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'Z_BUF_ERROR'].includes((error as NodeJS.ErrnoException).code ?? '')
