import { keysOf } from './credentials.ts'
import { folderOf, type S3Context } from './object-key.ts'
import type * as SdkModule from './sdk.ts'
import type { S3Client } from './sdk.ts'
import { asUploadError } from './upload-error.ts'

/** How it is talked to; tests wait less, and speak to their own server as to AWS. */
export interface Manners {
  connectMs: number
  /** without a byte in either direction */
  idleMs: number
  /** Does this endpoint check `x-amz-checksum-…` headers? Some others store what belongs to them as part of the object. */
  hasChecksums(endpoint: string | undefined): boolean
}

const AWS_HOST = /\.(amazonaws\.com(\.cn)?|api\.aws)$/

export const MANNERS: Manners = {
  connectMs: 10_000,
  idleMs: 60_000,
  hasChecksums: (endpoint) => endpoint === undefined || AWS_HOST.test(new URL(endpoint).hostname),
}

export interface Connection {
  sdk: typeof SdkModule
  client: S3Client
  hasChecksums: boolean
  /** sha256 of bodies, in hex: the signer takes it from here and need not compute it once more */
  digests: WeakMap<object, string>
  /** One request. `what` stands before the reason, like `cannot write s3://…`. Rejects with the signal's reason once it is aborted. */
  call<Value>(what: string, send: (options: { abortSignal: AbortSignal }) => Promise<Value>): Promise<Value>
  /** the same for an error that came up in reading an answer's body */
  explain(what: string, error: unknown): unknown
  close(): void
}

/** Loads the SDK and makes a client; nothing is sent yet. @throws UPLOAD_CREDENTIALS */
export async function connect(context: S3Context, manners: Manners): Promise<Connection> {
  const { config, signal, clock } = context
  const keys = keysOf((key) => context.secret(key))
  const sdk = await import('./sdk.ts')
  const hasChecksums = manners.hasChecksums(config.endpoint)
  const checksums = hasChecksums ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'
  const client = new sdk.S3Client({
    region: config.region,
    forcePathStyle: config.forcePathStyle,
    ...(config.endpoint === undefined ? {} : { endpoint: config.endpoint }),
    // A copy: it writes into it.
    ...(keys === undefined ? {} : { credentials: { ...keys } }),
    maxAttempts: 1,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    // It would cost a new connection for each part, and six seconds where the far side does not know it.
    expectContinueHeader: false,
    requestHandler: { connectionTimeout: manners.connectMs, socketTimeout: manners.idleMs },
    customUserAgent: 'support-bundle-schedule',
  })
  const digests = giveDigests(client)
  const explain = (what: string, error: unknown) => {
    signal.throwIfAborted()
    const where = config.endpoint ?? `AWS in ${config.region}`
    const target = `${config.bucket}/${folderOf(context)}`
    const secrets = Object.values(keys ?? {})
    return asUploadError(error, { what, bucket: config.bucket, target, where, now: clock.now(), secrets })
  }
  return {
    sdk,
    client,
    hasChecksums,
    digests,
    explain,
    close: () => client.destroy(),
    async call(what, send) {
      signal.throwIfAborted()
      try {
        return await send({ abortSignal: signal })
      } catch (error) {
        throw explain(what, error)
      }
    },
  }
}

interface Request {
  headers: Record<string, string>
  body?: unknown
}

function giveDigests(client: S3Client): WeakMap<object, string> {
  const digests = new WeakMap<object, string>()
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers, body } = args.request as Request
      const digest = typeof body === 'object' && body !== null ? digests.get(body) : undefined
      if (digest !== undefined) headers['x-amz-content-sha256'] = digest
      return next(args)
    },
    { step: 'build', name: 'knownDigest' },
  )
  return digests
}
