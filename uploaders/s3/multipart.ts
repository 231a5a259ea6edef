import { isPluginError } from '../../core/contract/index.ts'
import { type Attempt, freshState, giveUp } from './attempt.ts'
import { PartBuffers } from './part-buffers.ts'
import { cutParts, type Part } from './parts.ts'
import type { UploadState } from './state.ts'

/** A part at the far side; `sha256` in base64, of what was sent. */
interface Arrived {
  etag: string
  sha256: string
}
/** An upload under way, with what the last try has sent of it. */
interface Begun {
  uploadId: string
  arrived: ReadonlyMap<number, Arrived>
}

/**
 * Sends a bundle in parts, several at a time, and completes it. What has arrived is kept in the state: after an abort, a failure
 * or the death of the process the next try reads all, but sends only the rest.
 *
 * @throws the first error of a part, once all that were on their way have ended
 */
export async function uploadInParts(attempt: Attempt): Promise<void> {
  const { context, bucket, key } = attempt
  const begun = (await resume(attempt)) ?? (await begin(attempt))
  const parts = [...begun.arrived].map(([number, { sha256 }]) => [String(number), sha256])
  const state: UploadState = {
    ...freshState(attempt),
    uploadId: begun.uploadId,
    parts: Object.fromEntries(parts) as Record<string, string>,
  }
  await context.state.set(state)
  try {
    const done = await sendParts(attempt, begun, async (number, sha256) => {
      state.parts[number] = sha256
      await context.state.set(state)
    })
    // A crash after this line: the next try looks first whether the object is there.
    await context.state.set({ ...state, mayBeVisible: true })
    await bucket.complete(key, begun.uploadId, inOrder(done))
  } catch (error) {
    // What was sent may be as wrong as what was not.
    if (isPluginError(error) && error.code === 'UPLOAD_DAMAGED') {
      await giveUp(attempt, key, begun.uploadId)
      await context.state.set(null)
    }
    throw error
  }
}

/** The last try's upload, if it is there. Parts that were cut in another way then are sent again, as their digests differ. */
async function resume({ context, bucket, key, plan, kept }: Attempt): Promise<Begun | undefined> {
  if (kept?.uploadId === undefined) return undefined
  const { uploadId } = kept
  const sent = await bucket.sentParts(key, uploadId)
  if (sent === undefined) return undefined
  // Both must know a part: the far side its ETag, the state what was in it.
  const arrived = [...sent].flatMap(([number, { etag }]): [number, Arrived][] => {
    const sha256 = kept.parts[number]
    return sha256 === undefined ? [] : [[number, { etag, sha256 }]]
  })
  context.log.info({ key, parts: arrived.length, of: plan.count }, 'the upload goes on where the last try ended')
  return { uploadId, arrived: new Map(arrived) }
}

async function begin({ bucket, key, metadata }: Attempt): Promise<Begun> {
  return { uploadId: await bucket.createUpload(key, metadata), arrived: new Map() }
}

/** Sends what has not arrived; `keep` is told of each part that has. Returns all parts, each with its ETag. */
async function sendParts(
  { context, bucket, bundle, key, plan }: Attempt,
  { uploadId, arrived }: Begun,
  keep: (number: number, sha256: string) => Promise<void>,
): Promise<Map<number, Arrived>> {
  const buffers = new PartBuffers(plan.buffers, plan.partBytes)
  const done = new Map<number, Arrived>()
  const failures: unknown[] = []
  const send = async ({ number, bytes, buffer, sha256 }: Part) => {
    try {
      const known = arrived.get(number)
      const isSent = known?.sha256 === sha256
      done.set(number, { sha256, etag: isSent ? known.etag : await bucket.sendPart(key, uploadId, number, { bytes, sha256 }) })
      if (!isSent) await keep(number, sha256)
    } catch (error) {
      failures.push(error)
    } finally {
      buffers.give(buffer)
    }
  }
  const sending: Promise<void>[] = []
  try {
    for await (const part of cutParts(bundle, plan, buffers, context.signal)) {
      if (failures.length > 0) break
      sending.push(send(part))
    }
  } finally {
    await Promise.all(sending)
  }
  if (failures.length > 0) throw failures[0]
  return done
}

function inOrder(parts: Map<number, Arrived>): (Arrived & { number: number })[] {
  return [...parts].map(([number, part]) => ({ number, ...part })).toSorted((a, b) => a.number - b.number)
}
