import { type Bundle, pluginError, type Receipt } from '../../core/contract/index.ts'
import { type Attempt, freshState, giveUp, look } from './attempt.ts'
import type { Bucket } from './bucket.ts'
import { uploadInParts } from './multipart.ts'
import { keyOf, type S3Context } from './object-key.ts'
import { PartBuffers } from './part-buffers.ts'
import { cutParts, planParts } from './parts.ts'
import { isAbout, readState, type UploadState } from './state.ts'

/** One try: at its end the object is there, whole, and was looked at. Goes on where the last try ended. */
export async function uploadBundle(context: S3Context, bucket: Bucket, bundle: Bundle): Promise<Receipt> {
  const key = keyOf(context, bundle.fileName)
  const plan = planParts(bundle.size, context.config.partSizeMiB)
  const metadata = { sha256: bundle.sha256, job: context.run.job, run: context.run.id }
  const kept = await keptState(context, bucket, key, bundle)
  const attempt: Attempt = { context, bucket, bundle, key, plan, metadata, kept }
  // The last try may have made it visible and not have heard the answer: sending it again could make a second version of it.
  if (kept?.mayBeVisible && (await isThere(attempt))) return receiptOf(attempt, true)
  await (plan.count === 1 ? uploadWhole(attempt) : uploadInParts(attempt))
  return receiptOf(attempt, await check(attempt))
}

/** An upload in parts of anything else is given up: its parts cost money, and nobody will ask for them again. */
async function keptState(context: S3Context, bucket: Bucket, key: string, bundle: Bundle): Promise<UploadState | undefined> {
  const kept = readState(context.state)
  const { config } = context
  if (kept === undefined || isAbout(kept, config, key, bundle)) return kept
  if (kept.uploadId !== undefined && kept.bucket === config.bucket) await giveUp({ context, bucket }, kept.key, kept.uploadId)
  return undefined
}

async function isThere({ bucket, key, bundle }: Attempt): Promise<boolean> {
  const found = await look(bucket, key)
  return found !== undefined && found !== 'hidden' && found.size === bundle.size && found.metadata['sha256'] === bundle.sha256
}

/** What fits into one part is read and checked in memory, then sent by one request. */
async function uploadWhole(attempt: Attempt): Promise<void> {
  const { context, bucket, bundle, key, plan, metadata, kept } = attempt
  // The parts were smaller then.
  if (kept?.uploadId !== undefined) await giveUp(attempt, key, kept.uploadId)
  for await (const { bytes, sha256 } of cutParts(bundle, plan, new PartBuffers(plan.buffers, plan.partBytes), context.signal)) {
    await context.state.set({ ...freshState(attempt), mayBeVisible: true })
    await bucket.put(key, { bytes, sha256 }, metadata)
  }
}

/**
 * Was everything stored? An access key that may not look leaves that open: the upload counts, as each byte of it was signed, but
 * not as verified.
 *
 * @throws UPLOAD_DAMAGED when the far side holds something else, which is removed
 */
async function check({ context, bucket, bundle, key }: Attempt): Promise<boolean> {
  const found = await look(bucket, key)
  if (found === 'hidden') {
    context.log.warn({ key }, 'uploaded, but the access key may not look at the object: its size was not checked')
    return false
  }
  if (found?.size === bundle.size) return true
  if (found !== undefined) await bucket.remove(key)
  const what = found === undefined ? 'it is not there' : `it has ${found.size} of ${bundle.size} bytes`
  throw pluginError('UPLOAD_DAMAGED', `${bucket.uri(key)}: after the upload ${what}`, {
    class: 'retryable',
    remedy: 'see whether the service is healthy, and what stands between here and there',
  })
}

function receiptOf({ bucket, key, bundle: { size, sha256 } }: Attempt, verified: boolean): Receipt {
  return { location: bucket.uri(key), size, checksum: { algorithm: 'sha256', value: sha256 }, verified }
}
