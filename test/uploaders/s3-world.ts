import { createHash, randomBytes } from 'node:crypto'
import { HeadObjectCommand, ListMultipartUploadsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import type { Bundle, RunIdentity, UploaderContext } from '../../core/contract/index.ts'
import { uploaderContext, type UploaderOptions } from '../../core/testkit/index.ts'
import { S3Config } from '../../uploaders/s3/schema.ts'
import type { TestMinio } from '../support/minio.ts'

export const MIB = 2 ** 20

export interface ByteBundle extends Bundle {
  bytes: Buffer
}

/** A bundle of random bytes, so that no part is like another one. `between` is called before each chunk, with the bytes so far. */
export function aBundle(
  size: number,
  { fileName = 'nightly-20260101T020000Z.tar.gz', between = (_at: number): void | Promise<void> => undefined } = {},
): ByteBundle {
  const bytes = randomBytes(size)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return {
    fileName,
    size,
    sha256,
    bytes,
    async *open() {
      for (let at = 0; at < size; at += 256 * 1024) {
        await between(at)
        yield bytes.subarray(at, at + 256 * 1024)
      }
    },
  }
}

export type Settings = Record<string, unknown>

/** A context for a bucket of a MinIO; `settings` stand in the job's config. */
export function contextFor(
  minio: TestMinio,
  bucket: string,
  settings: Settings = {},
  options: Partial<UploaderOptions<S3Config>> & { run?: Partial<RunIdentity> } = {},
): UploaderContext<S3Config> {
  const config = S3Config.parse({
    bucket,
    region: minio.region,
    endpoint: minio.url,
    prefix: 'prod',
    partSizeMiB: 5,
    ...settings,
  })
  return uploaderContext({ secrets: minio.keys, ...options, config })
}

/** All that lies in a bucket, versions and unfinished uploads of `key` too: each in a line. */
export async function everythingIn(minio: TestMinio, bucket: string, key: string): Promise<string[]> {
  const { Versions = [], DeleteMarkers = [] } = await minio.client.send(new ListObjectVersionsCommand({ Bucket: bucket }))
  const { Uploads = [] } = await minio.client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key }))
  return [
    ...Versions.map((one) => `${one.Key} ${one.Size}`),
    ...DeleteMarkers.map((one) => `${one.Key} deleted`),
    ...Uploads.map((one) => `${one.Key} unfinished`),
  ]
}

export const head = (minio: TestMinio, bucket: string, key: string) =>
  minio.client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }))

export async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What `work` rejects with, and all that can be read in it. */
export async function failureOf(work: Promise<unknown>): Promise<{ error: unknown; text: string }> {
  try {
    await work
  } catch (error) {
    return { error, text: textOf(error) }
  }
  throw new Error('it did not fail')
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error)
  return [error.message, error.stack, JSON.stringify(error), error.cause === undefined ? '' : textOf(error.cause)].join('\n')
}
