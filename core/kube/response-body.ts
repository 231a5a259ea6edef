import type { IncomingMessage } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import type { Clock } from '../clock.ts'
import { watchSilence } from './silence.ts'
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
  response: IncomingMessage,
  options: { server: string; clock: Clock; idleMs: number; signal: AbortSignal | undefined },
): ResponseBody {
  return {
    cancel: () => void response.destroy(),
    [Symbol.asyncIterator]: () => pieces(response, options),
  }
}

async function* pieces(
  response: IncomingMessage,
  { server, clock, idleMs, signal }: { server: string; clock: Clock; idleMs: number; signal: AbortSignal | undefined },
): AsyncGenerator<Buffer> {
  let silent: Error | undefined
  const onAbort = () => response.destroy(signal?.reason as Error)
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  const silence = watchSilence(clock, idleMs, (limitMs) => {
    silent = new Error(`it stopped in the middle of an answer for ${Math.round(limitMs / 1000)} s`)
    response.destroy(silent)
  })
  try {
    for await (const piece of readable(await unpacked(response))) {
      silence.rest()
      yield piece
      silence.expect()
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw unreachable(server, silent ?? (isCut(error) ? new Error('the connection was cut in the middle of an answer') : error))
  } finally {
    silence.stop()
    signal?.removeEventListener('abort', onAbort)
    if (!response.complete) response.destroy()
  }
}

async function unpacked(response: IncomingMessage): Promise<Readable> {
  if (response.headers['content-encoding'] !== 'gzip') return response
  const { createGunzip } = await import('node:zlib')
  // an error of one side ends the other; the reader hears of it through the gunzip
  return pipeline(response, createGunzip(), () => undefined)
}

/** As the stream's own iterator, which costs more than a small answer itself. Whoever leaves off ends the stream. */
async function* readable(stream: Readable): AsyncGenerator<Buffer> {
  let wake = () => undefined as void
  let isOver = stream.readableEnded || stream.destroyed
  let failure: unknown = stream.errored ?? (stream.destroyed && !stream.readableEnded ? closedEarly() : undefined)
  const onEvent = () => wake()
  const onEnd = () => ((isOver = true), wake())
  const onClose = () => {
    if (!stream.readableEnded) failure ??= closedEarly()
    onEnd()
  }
  const onError = (error: unknown) => {
    failure ??= error
    onEnd()
  }
  const listeners = { readable: onEvent, end: onEnd, close: onClose, error: onError }
  for (const [event, listener] of Object.entries(listeners)) stream.on(event, listener)
  try {
    for (;;) {
      const piece = stream.read() as Buffer | null
      if (piece !== null) yield piece
      else if (failure) throw failure
      else if (isOver) return
      else await new Promise<void>((resolve) => void (wake = resolve))
    }
  } finally {
    for (const [event, listener] of Object.entries(listeners)) stream.off(event, listener)
  }
}

const closedEarly = () => Object.assign(new Error('closed early'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
const isCut = (error: unknown) =>
  ['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'Z_BUF_ERROR'].includes((error as NodeJS.ErrnoException).code ?? '')
