import { createReadStream } from 'node:fs'
import { type Clock, deadline } from '../../core/clock.ts'
import { type Bundle, isPluginError, type Logger } from '../../core/contract/index.ts'
import { asProblem, fail, ProductError, reasonOf } from '../../core/errors.ts'
import type { DeliverRequest, DeliverResult, FromTask } from '../../core/task.ts'
import type { Loader } from '../loader/loader.ts'
import { createRedactor } from '../redaction/redactor.ts'
import { openTarget } from './target.ts'

export interface DeliverEdge {
  clock: Clock
  loader: Loader
  log: Logger
  signal: AbortSignal
  say(message: FromTask): void
}

/** One try at one target. A failure is a result: the parent decides whether and when there is another try. */
export async function deliverTask(request: DeliverRequest, edge: DeliverEdge): Promise<DeliverResult> {
  const time = deadline(
    edge.clock,
    request.timeoutMs,
    fail('UPLOAD_FAILED', { name: request.target.uploader, reason: 'it did not end in time', remedy: RETRY }),
  )
  let kept = request.state
  const state = {
    get: () => kept,
    set: async (value: unknown) => {
      kept = value
      edge.say({ type: 'state', value })
    },
  }
  try {
    edge.say({ type: 'step', name: `uploading with ${request.target.uploader}` })
    const signal = AbortSignal.any([edge.signal, time.signal])
    const { plugin, context } = await openTarget(request.target, request.run, { ...edge, signal, state })
    const receipt = await plugin.upload(context, openBundle(request.bundle))
    if (receipt.size !== request.bundle.size) {
      const reason = `${receipt.size} of ${request.bundle.size} bytes arrived`
      throw fail('UPLOAD_FAILED', { name: request.target.uploader, reason, remedy: RETRY })
    }
    return { receipt }
  } catch (error) {
    return { error: explain(error, request) }
  } finally {
    time.stop()
  }
}

const RETRY = 'it is tried again by itself'

/** The archive for an uploader: a fresh stream each time it is opened. */
function openBundle(bundle: DeliverRequest['bundle']): Bundle {
  const { path, ...facts } = bundle
  return {
    ...facts,
    open: (range) =>
      createReadStream(path, {
        highWaterMark: 256 * 1024,
        ...(range ? { start: range.start, ...(range.end === undefined ? {} : { end: range.end - 1 }) } : {}),
      }) as AsyncIterable<Buffer>,
  }
}

/** An uploader's message may quote what it was given: secrets and what looks like one are masked. */
function explain(error: unknown, request: DeliverRequest): NonNullable<DeliverResult['error']> {
  const literals = Object.values(request.target.secrets)
  const mask = (text: string) => createRedactor([], { literals }).text(text)
  if (isPluginError(error)) {
    const { code, message, remedy, retryAfterMs } = error
    return { code, message: mask(message), class: error.class, remedy: mask(remedy ?? ''), retryAfterMs }
  }
  if (error instanceof ProductError) return { ...asProblem(error), class: error.class }
  const failure = fail('UPLOAD_FAILED', { name: request.target.uploader, reason: mask(reasonOf(error)), remedy: RETRY })
  return { ...asProblem(failure), class: 'retryable' }
}
