import * as z from 'zod'
import type { Bundle, UploaderContext } from '../../core/contract/index.ts'
import type { S3Config } from './schema.ts'

/** What is kept of a try for the next one. */
export const UploadState = z.object({
  bucket: z.string(),
  key: z.string(),
  /** of the bundle: another one under the same key is begun anew */
  size: z.int(),
  sha256: z.string(),
  /** encryption and storage class: an upload that was begun with others must not be gone on with */
  form: z.string(),
  /** The call that makes the object visible was about to be made. Whether it was, only the far side knows. */
  mayBeVisible: z.boolean(),
  /** of an upload in parts */
  uploadId: z.string().optional(),
  /** number of each part that has arrived → base64 of its sha256 */
  parts: z.record(z.string(), z.string()).default({}),
})
export type UploadState = z.infer<typeof UploadState>

/** The last try's state; undefined when there is none, or one that is not understood. */
export function readState(state: UploaderContext<unknown>['state']): UploadState | undefined {
  return UploadState.safeParse(state.get()).data
}

export const formOf = ({ sse, kmsKeyId, storageClass }: S3Config) => JSON.stringify([sse, kmsKeyId, storageClass])

/** Is it about this bundle, at this place, to be kept in this form? */
export function isAbout(state: UploadState, config: S3Config, key: string, { size, sha256 }: Bundle): boolean {
  const isSamePlace = state.bucket === config.bucket && state.key === key
  return isSamePlace && state.size === size && state.sha256 === sha256 && state.form === formOf(config)
}
