import { pluginError } from '../../core/contract/index.ts'
import { type Connection, connect, type Manners } from './connection.ts'
import type { S3Context } from './object-key.ts'
import type { S3Config } from './schema.ts'

/** A body with its digest, which is signed: so every service checks it, with or without checksums of its own. */
export interface Body {
  bytes: Buffer
  /** base64 */
  sha256: string
}
export interface Found {
  size: number
  /** what it was given when it was written */
  metadata: Record<string, string>
}
export interface SentPart {
  etag: string
  size: number
}

/** Requests to one bucket, one try each. All errors are as the host understands them. */
export class Bucket {
  readonly #connection: Connection
  readonly #config: S3Config

  constructor(connection: Connection, config: S3Config) {
    this.#connection = connection
    this.#config = config
  }

  async put(key: string, body: Body, metadata: Record<string, string>): Promise<void> {
    const { sdk, client, call } = this.#connection
    const input = { ...this.#at(key), ...this.#form(key, metadata), ...this.#body(body) }
    await call(`cannot write ${this.uri(key)}`, (options) => client.send(new sdk.PutObjectCommand(input), options))
  }

  /** undefined when there is no such object */
  async head(key: string): Promise<Found | undefined> {
    const { sdk, client, call } = this.#connection
    const found = await call(`cannot look at ${this.uri(key)}`, (options) =>
      client.send(new sdk.HeadObjectCommand(this.#at(key)), options).catch(unlessGone),
    )
    return found && { size: found.ContentLength ?? 0, metadata: found.Metadata ?? {} }
  }

  async read(key: string): Promise<{ body: AsyncIterable<Uint8Array>; found: Found }> {
    const { sdk, client, call, explain } = this.#connection
    const what = `cannot read ${this.uri(key)}`
    const found = await call(what, (options) => client.send(new sdk.GetObjectCommand(this.#at(key)), options))
    const read = async function* () {
      try {
        yield* found.Body as AsyncIterable<Uint8Array>
      } catch (error) {
        throw explain(what, error)
      }
    }
    return { body: read(), found: { size: found.ContentLength ?? 0, metadata: found.Metadata ?? {} } }
  }

  /** Objects right below a folder, in the order of their keys. */
  async *list(folder: string): AsyncGenerator<{ key: string; size: number; at: Date }> {
    const { sdk, client, call } = this.#connection
    let token: string | undefined
    do {
      const input = { Bucket: this.#config.bucket, Prefix: folder, Delimiter: '/', ContinuationToken: token }
      const page = await call(`cannot list ${this.uri(folder)}`, (options) =>
        client.send(new sdk.ListObjectsV2Command(input), options),
      )
      for (const { Key: key, Size: size = 0, LastModified: at } of page.Contents ?? [])
        if (key !== undefined && at !== undefined) yield { key, size, at }
      token = page.IsTruncated === true && page.NextContinuationToken !== token ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  /** No error when there is none. */
  async remove(key: string): Promise<void> {
    const { sdk, client, call } = this.#connection
    await call(`cannot remove ${this.uri(key)}`, (options) => client.send(new sdk.DeleteObjectCommand(this.#at(key)), options))
  }

  /** Begins an upload in parts: nothing becomes visible before `complete`. */
  async createUpload(key: string, metadata: Record<string, string>): Promise<string> {
    const { sdk, client, call, hasChecksums } = this.#connection
    const input = {
      ...this.#at(key),
      ...this.#form(key, metadata),
      ...(hasChecksums ? { ChecksumAlgorithm: 'SHA256' as const } : {}),
    }
    const made = await call(`cannot write ${this.uri(key)}`, (options) =>
      client.send(new sdk.CreateMultipartUploadCommand(input), options),
    )
    return told(made.UploadId, 'upload id')
  }

  /** Gives the part's ETag. A part that is there already is replaced. */
  async sendPart(key: string, uploadId: string, number: number, body: Body): Promise<string> {
    const { sdk, client, call } = this.#connection
    const input = { ...this.#at(key), UploadId: uploadId, PartNumber: number, ...this.#body(body) }
    const sent = await call(`cannot write part ${number} of ${this.uri(key)}`, (options) =>
      client.send(new sdk.UploadPartCommand(input), options),
    )
    return told(sent.ETag, 'ETag')
  }

  /** What has arrived, by number; undefined when the upload is gone: completed, aborted, or swept by a rule of the bucket. */
  async sentParts(key: string, uploadId: string): Promise<Map<number, SentPart> | undefined> {
    const { sdk, client, call } = this.#connection
    const parts = new Map<number, SentPart>()
    let marker: string | undefined
    do {
      const input = { ...this.#at(key), UploadId: uploadId, PartNumberMarker: marker }
      const page = await call(`cannot list the parts of ${this.uri(key)}`, (options) =>
        client.send(new sdk.ListPartsCommand(input), options).catch(unlessGone),
      )
      if (page === undefined) return undefined
      for (const { PartNumber: number, ETag: etag, Size: size = 0 } of page.Parts ?? [])
        if (number !== undefined && etag !== undefined) parts.set(number, { etag, size })
      const isMore = page.IsTruncated === true && page.NextPartNumberMarker !== marker
      marker = isMore ? page.NextPartNumberMarker : undefined
    } while (marker !== undefined)
    return parts
  }

  /** Makes the object visible, whole. */
  async complete(key: string, uploadId: string, parts: { number: number; etag: string; sha256: string }[]): Promise<void> {
    const { sdk, client, call, hasChecksums } = this.#connection
    const Parts = parts.map(({ number, etag, sha256 }) => ({
      PartNumber: number,
      ETag: etag,
      ...(hasChecksums ? { ChecksumSHA256: sha256 } : {}),
    }))
    const input = { ...this.#at(key), UploadId: uploadId, MultipartUpload: { Parts } }
    await call(`cannot complete ${this.uri(key)}`, (options) =>
      client.send(new sdk.CompleteMultipartUploadCommand(input), options),
    )
  }

  /** No error when it is gone. */
  async abortUpload(key: string, uploadId: string): Promise<void> {
    const { sdk, client, call } = this.#connection
    const input = { ...this.#at(key), UploadId: uploadId }
    await call(`cannot give up the upload of ${this.uri(key)}`, (options) =>
      client.send(new sdk.AbortMultipartUploadCommand(input), options).catch(unlessGone),
    )
  }

  close(): void {
    this.#connection.close()
  }

  uri(key: string): string {
    return `s3://${this.#config.bucket}/${key}`
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#config.bucket, Key: key }
  }

  #body({ bytes, sha256 }: Body): { Body: Buffer; ChecksumSHA256?: string } {
    this.#connection.digests.set(bytes, Buffer.from(sha256, 'base64').toString('hex'))
    return { Body: bytes, ...(this.#connection.hasChecksums ? { ChecksumSHA256: sha256 } : {}) }
  }

  /** How an object is kept. */
  #form(key: string, metadata: Record<string, string>) {
    const { sse, kmsKeyId, storageClass } = this.#config
    return {
      Metadata: metadata,
      ContentType: key.endsWith('.gz') ? 'application/gzip' : 'application/octet-stream',
      ...(sse === undefined ? {} : { ServerSideEncryption: sse }),
      ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }),
      ...(storageClass === undefined ? {} : { StorageClass: storageClass as 'STANDARD' }),
    }
  }
}

/** Loads the SDK; nothing is sent yet. To be closed. @throws UPLOAD_CREDENTIALS */
export async function openBucket(context: S3Context, manners: Manners): Promise<Bucket> {
  context.signal.throwIfAborted()
  return new Bucket(await connect(context, manners), context.config)
}

const GONE = new Set(['NotFound', 'NoSuchKey', 'NoSuchUpload'])

function unlessGone(error: unknown): undefined {
  if (error instanceof Error && GONE.has(error.name)) return undefined
  throw error
}

function told(value: string | undefined, what: string): string {
  if (value !== undefined && value !== '') return value
  throw pluginError('UPLOAD_REFUSED', `the answer had no ${what}`, {
    class: 'config',
    remedy: 'correct "endpoint": what answers there is no S3 service',
  })
}
