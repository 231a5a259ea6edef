import type { Bundle } from '../../core/contract/index.ts'
import type { Bucket, Found } from './bucket.ts'
import type { S3Context } from './object-key.ts'
import type { PartPlan } from './parts.ts'
import { formOf, type UploadState } from './state.ts'

/** One try for one bundle. */
export interface Attempt {
  context: S3Context
  bucket: Bucket
  bundle: Bundle
  key: string
  plan: PartPlan
  metadata: Record<string, string>
  /** the last try's, if it was for the same bundle at the same place and in the same form */
  kept: UploadState | undefined
}

/** The state of a try that has sent nothing yet. */
export function freshState({ context, key, bundle }: Attempt): UploadState {
  const { size, sha256 } = bundle
  const { config } = context
  return { bucket: config.bucket, key, size, sha256, form: formOf(config), mayBeVisible: false, parts: {} }
}

/** The object, undefined when there is none; `hidden` when the access key may not look: one that may only write is a good one. */
export async function look(bucket: Bucket, key: string): Promise<Found | 'hidden' | undefined> {
  try {
    return await bucket.head(key)
  } catch (error) {
    if (error instanceof Error && 'class' in error && error.class === 'permission') return 'hidden'
    throw error
  }
}

/** Clearing up must not fail the upload: what stays is invisible, and a lifecycle rule of the bucket sweeps it. */
export async function giveUp(
  { context, bucket }: Pick<Attempt, 'context' | 'bucket'>,
  key: string,
  uploadId: string,
): Promise<void> {
  try {
    await bucket.abortUpload(key, uploadId)
  } catch (error) {
    context.signal.throwIfAborted()
    context.log.warn(
      { key, reason: error instanceof Error ? error.message : '' },
      'parts of an upload that was given up stay in the bucket',
    )
  }
}
