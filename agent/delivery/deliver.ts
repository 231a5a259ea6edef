import { createReadStream } from 'node:fs'
import { type Clock, deadline } from '../../core/clock.ts'
import type { Bundle, Logger, Receipt } from '../../core/contract/index.ts'
import { fail } from '../../core/errors.ts'
import type { DeliverRequest, DeliverResult, FromTask } from '../../core/task.ts'
import type { Loader } from '../loader/loader.ts'
import { explain, maskerOf, RETRY } from './explain.ts'
import { openTarget } from './target.ts'

export interface DeliverEdge {
  clock: Clock
  loader: Loader
  log: Logger
  signal: AbortSignal
  say(message: FromTask): void
}

export interface UploadEdge extends DeliverEdge {
  /** resolves once the parent has it for good; rejects with why not, or with the signal's reason */
  keepState(value: unknown, signal: AbortSignal): Promise<void>
}

/** What an uploader may keep between tries, as JSON. */
const MAX_STATE = 256 * 1024
/** How long an uploader may take to end by itself once its time is over. */
const GRACE_MS = 2_000

/** One try at one target. A failure is a result: the parent decides whether and when there is another try. */
export async function deliverTask(request: DeliverRequest, edge: UploadEdge): Promise<DeliverResult> {
  const { target, bundle, timeoutMs } = request
  const late = fail('UPLOAD_FAILED', { name: target.uploader, reason: 'it did not end in time', remedy: RETRY })
  const soft = deadline(edge.clock, timeoutMs, late)
  const hard = deadline(edge.clock, timeoutMs + GRACE_MS, late)
  try {
    edge.say({ type: 'step', name: `uploading with ${target.uploader}` })
    const signal = AbortSignal.any([edge.signal, soft.signal])
    const state = keptState(request.state, (value) => edge.keepState(value, signal))
    const upload = async () => {
      const { plugin, context } = await openTarget(target, request.run, { ...edge, signal, state })
      return plugin.upload(context, openBundle(bundle))
    }
    return { receipt: checkReceipt(await unless(hard.signal, upload()), request) }
  } catch (error) {
    return { error: explain(error, target) }
  } finally {
    soft.stop()
    hard.stop()
  }
}

/** The promise's result, or the signal's reason: an uploader that hangs does not care for its own signal. */
function unless<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
  return Promise.race([promise, aborted])
}

/** Who set a state may rely on it: a later try of another process will find it. */
function keptState(before: unknown, keep: (value: unknown) => Promise<void>) {
  let kept = before
  return {
    get: () => kept,
    set: async (value: unknown) => {
      const text = JSON.stringify(value) as string | undefined
      if ((text?.length ?? 0) > MAX_STATE) throw new Error(`the state of an uploader has at most ${MAX_STATE} characters`)
      await keep(value)
      kept = value
    },
  }
}

/** What arrived is what was sent, by all that the uploader says of it. Only known fields are passed on. */
function checkReceipt(receipt: Receipt, { target, bundle }: DeliverRequest): NonNullable<DeliverResult['receipt']> {
  const refuse = (reason: string) => fail('UPLOAD_FAILED', { name: target.uploader, reason, remedy: RETRY })
  if (typeof receipt?.location !== 'string') throw refuse('it gave no receipt with a location')
  const { size, checksum, verified } = receipt
  if (size !== bundle.size) throw refuse(`${size} of ${bundle.size} bytes arrived`)
  if (checksum?.algorithm === 'sha256' && checksum.value !== bundle.sha256) throw refuse('other bytes arrived than were sent')
  return { location: maskerOf(target)(receipt.location), size, checksum, verified }
}

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
