import { createHash } from 'node:crypto'
import { CreateMultipartUploadCommand, PutBucketVersioningCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import type { UploaderContext } from '../../core/contract/index.ts'
import { openBucket } from '../../uploaders/s3/bucket.ts'
import { MANNERS } from '../../uploaders/s3/connection.ts'
import s3, { createS3Uploader } from '../../uploaders/s3/index.ts'
import type { S3Config } from '../../uploaders/s3/schema.ts'
import { useMinio } from '../support/minio.ts'
import { aBundle, bytesOf, contextFor, everythingIn, failureOf, head, MIB, type Settings } from './s3-world.ts'

const minio = await useMinio()
const KEY = 'prod/payments/nightly/nightly-20260101T020000Z.tar.gz'
const list = async (context: UploaderContext<S3Config>) => {
  const found = []
  for await (const { fileName, size } of s3.list!(context)) found.push(`${fileName} ${size}`)
  return found
}

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

describe.skipIf(minio.skipped)('upload', () => {
  const KINDS: [string, number][] = [
    ['nothing at all', 0],
    ['a few bytes', 1000],
    ['just one part', 5 * MIB],
    ['a byte more than one part', 5 * MIB + 1],
    ['many parts', 40 * MIB],
  ]
  it.each(KINDS)('stores %s, whole', async (_, size) => {
    const bucket = await minio.newBucket()
    const bundle = aBundle(size)
    const context = contextFor(minio, bucket)
    expect(await s3.upload(context, bundle)).toEqual({
      location: `s3://${bucket}/${KEY}`,
      size,
      checksum: { algorithm: 'sha256', value: bundle.sha256 },
      verified: true,
    })
    expect(Buffer.compare(await bytesOf(s3.open!(context, bundle.fileName)), bundle.bytes)).toBe(0)
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} ${size}`])
    expect(await head(minio, bucket, KEY)).toMatchObject({
      ContentType: 'application/gzip',
      Metadata: { sha256: bundle.sha256, job: 'nightly', run: 'nightly.29453880' },
    })
  })

  it.each([[1000], [12 * MIB]])('makes one version of a bundle of %i bytes that is sent twice', async (size) => {
    const bucket = await minio.newBucket()
    await minio.client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }))
    const bundle = aBundle(size)
    const context = contextFor(minio, bucket)
    const receipts = [await s3.upload(context, bundle), await s3.upload(context, bundle)]
    expect(receipts[1]).toEqual(receipts[0])
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} ${size}`])
  })

  it('sends it again when it was removed in between, or is another one by now', async () => {
    const bucket = await minio.newBucket()
    const context = contextFor(minio, bucket)
    const bundle = aBundle(1000)
    await s3.upload(context, bundle)
    await s3.remove!(context, bundle.fileName)
    await s3.upload(context, bundle)
    await minio.client.send(new PutObjectCommand({ Bucket: bucket, Key: KEY, Body: Buffer.alloc(1000) }))
    await s3.upload(context, bundle)
    expect(Buffer.compare(await bytesOf(s3.open!(context, bundle.fileName)), bundle.bytes)).toBe(0)
  })

  it('replaces an earlier bundle of that name', async () => {
    const bucket = await minio.newBucket()
    await s3.upload(contextFor(minio, bucket), aBundle(6 * MIB))
    const second = aBundle(7 * MIB)
    await s3.upload(contextFor(minio, bucket), second)
    expect((await head(minio, bucket, KEY)).Metadata).toMatchObject({ sha256: second.sha256 })
  })

  const SEALS: [string, Settings, object][] = [
    ['SSE-S3', { sse: 'AES256' }, { ServerSideEncryption: 'AES256' }],
    [
      'SSE-KMS',
      { sse: 'aws:kms', kmsKeyId: 'test-key' },
      { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: expect.stringContaining('test-key') },
    ],
    ['a storage class', { storageClass: 'REDUCED_REDUNDANCY' }, { StorageClass: 'REDUCED_REDUNDANCY' }],
  ]
  it.each(SEALS)('asks for %s', async (_, settings, expected) => {
    const bucket = await minio.newBucket()
    const context = contextFor(minio, bucket, settings)
    for (const size of [100, 6 * MIB]) {
      expect(await s3.upload(context, aBundle(size))).toMatchObject({ verified: true })
      expect(await head(minio, bucket, KEY)).toMatchObject(expected)
    }
    await s3.verify!(context)
  })

  it('lets the service check checksums where it can', async () => {
    const bucket = await minio.newBucket()
    const careful = createS3Uploader({ ...MANNERS, hasChecksums: () => true })
    for (const [size, type] of [
      [100, 'FULL_OBJECT'],
      [12 * MIB, 'COMPOSITE'],
    ] as const) {
      const bundle = aBundle(size)
      const context = contextFor(minio, bucket)
      await careful.upload(context, bundle)
      const { ChecksumSHA256, ChecksumType } = await head(minio, bucket, KEY)
      expect([ChecksumType, ChecksumSHA256?.length]).toEqual([type, type === 'COMPOSITE' ? 46 : 44])
      if (type === 'FULL_OBJECT') expect(ChecksumSHA256).toBe(Buffer.from(bundle.sha256, 'hex').toString('base64'))
      expect(Buffer.compare(await bytesOf(careful.open!(context, bundle.fileName)), bundle.bytes)).toBe(0)
    }
  })

  it('signs the digest of each body: what changes on the way is refused', async () => {
    const bucket = await openBucket(contextFor(minio, await minio.newBucket()), MANNERS)
    const other = { bytes: Buffer.from('abc'), sha256: Buffer.alloc(32).toString('base64') }
    await expect(bucket.put('key', other, {})).rejects.toMatchObject({
      class: 'retryable',
      message: expect.stringContaining('XAmzContentSHA256Mismatch'),
    })
    bucket.close()
  })

  it.each(['.hidden', 'a/b', '', '..', 'a\\b', 'a\nb'])('refuses the file name %j', async (fileName) => {
    const context = contextFor(minio, 'nonesuch')
    await expect(s3.upload(context, aBundle(1, { fileName }))).rejects.toMatchObject({ code: 'UPLOAD_NAME_INVALID' })
    await expect(s3.remove!(context, fileName)).rejects.toMatchObject({ code: 'UPLOAD_NAME_INVALID' })
  })
})

describe.skipIf(minio.skipped)('what the last try left', () => {
  const twelve = aBundle(12 * MIB)
  /** The state as it is when the process dies after two of three parts have arrived. */
  async function afterDeath(bucket: string) {
    const death = new AbortController()
    const context = contextFor(minio, bucket, {}, { signal: death.signal })
    const bundle = aBundleThat(twelve, async () => {
      const arrived = () => Object.keys((context.state.get() as { parts: object } | null)?.parts ?? {}).length
      while (arrived() < 2) await systemClock.sleep(5)
      death.abort(new Error('killed'))
    })
    await expect(s3.upload(context, bundle)).rejects.toThrow('killed')
    return context.state
  }

  it('is gone on with', async () => {
    const bucket = await minio.newBucket()
    const state = await afterDeath(bucket)
    expect(state.get()).toMatchObject({ parts: { 1: expect.any(String), 2: expect.any(String) }, mayBeVisible: false })
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} unfinished`])
    expect(await list(contextFor(minio, bucket))).toEqual([])
    await s3.upload({ ...contextFor(minio, bucket), state }, twelve)
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} ${12 * MIB}`])
  })

  it('is given up when it was of another bundle, cut in another way, or to be kept in another form', async () => {
    const others: [Settings, ReturnType<typeof aBundle>][] = [
      [{}, aBundle(12 * MIB)],
      [{}, aBundle(10)],
      [{ partSizeMiB: 6 }, twelve],
      [{ partSizeMiB: 64 }, twelve],
      [{ storageClass: 'REDUCED_REDUNDANCY' }, twelve],
    ]
    for (const [settings, bundle] of others) {
      const bucket = await minio.newBucket()
      const state = await afterDeath(bucket)
      await s3.upload({ ...contextFor(minio, bucket, settings), state }, bundle)
      expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} ${bundle.size}`])
      expect((await head(minio, bucket, KEY)).StorageClass).toBe(settings['storageClass'])
    }
  })

  it('is begun anew when a rule of the bucket has swept it', async () => {
    const bucket = await minio.newBucket()
    const state = await afterDeath(bucket)
    const { uploadId } = state.get() as { uploadId: string }
    const far = await openBucket(contextFor(minio, bucket), MANNERS)
    await far.abortUpload(KEY, uploadId)
    await far.abortUpload(KEY, uploadId)
    far.close()
    await s3.upload({ ...contextFor(minio, bucket), state }, twelve)
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} ${12 * MIB}`])
  })

  it('is not trusted: a part that holds other bytes than it should is sent again', async () => {
    const bucket = await minio.newBucket()
    const state = await afterDeath(bucket)
    const kept = state.get() as { uploadId: string; parts: Record<string, string> }
    const far = await openBucket(contextFor(minio, bucket), MANNERS)
    const bytes = Buffer.alloc(5 * MIB, 'x')
    const sha256 = createHash('sha256').update(bytes).digest('base64')
    await far.sendPart(KEY, kept.uploadId, 1, { bytes, sha256 })
    far.close()
    await state.set({ ...kept, parts: { ...kept.parts, 1: sha256 } })
    const context = { ...contextFor(minio, bucket), state }
    await s3.upload(context, twelve)
    expect(Buffer.compare(await bytesOf(s3.open!(context, twelve.fileName)), twelve.bytes)).toBe(0)
  })

  it.each([['null'], ['"text"'], ['{"uploadId":1}'], ['[]']])('is passed over when it is %s', async (state) => {
    const bucket = await minio.newBucket()
    await s3.upload(contextFor(minio, bucket, {}, { state: JSON.parse(state) as unknown }), aBundle(6 * MIB))
    expect(await list(contextFor(minio, bucket))).toHaveLength(1)
  })

  it('goes with a bundle that is damaged', async () => {
    const bucket = await minio.newBucket()
    const context = contextFor(minio, bucket)
    const damaged = { ...aBundle(12 * MIB), sha256: twelve.sha256 }
    await expect(s3.upload(context, damaged)).rejects.toMatchObject({ code: 'UPLOAD_DAMAGED', class: 'retryable' })
    expect(await everythingIn(minio, bucket, KEY)).toEqual([])
    expect(context.state.get()).toBe(null)
  })
})

/** The same bundle; something happens once two parts were read, and a byte of the third. */
function aBundleThat(bundle: ReturnType<typeof aBundle>, happens: () => Promise<void>) {
  const open = async function* () {
    yield bundle.bytes.subarray(0, 10 * MIB)
    yield bundle.bytes.subarray(10 * MIB, 10 * MIB + 1)
    await happens()
    yield bundle.bytes.subarray(10 * MIB + 1)
  }
  return { ...bundle, open }
}

describe.skipIf(minio.skipped)('a job sees its own bundles only', () => {
  it('in list and remove', async () => {
    const bucket = await minio.newBucket()
    const mine = contextFor(minio, bucket)
    const strangers = [
      'prod/payments/nightly-2/a.tar.gz',
      'prod/payments/nightly/folder/a.tar.gz',
      'prod/payments/nightly/.hidden',
      'prod/other/nightly/a.tar.gz',
      'prod2/payments/nightly/a.tar.gz',
      'payments/nightly/a.tar.gz',
    ]
    for (const Key of strangers) await minio.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }))
    await minio.client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: 'prod/payments/nightly/b.tar.gz' }))
    for (const fileName of ['b.tar.gz', 'a.tar.gz']) await s3.upload(mine, aBundle(3, { fileName }))
    expect(await list(mine)).toEqual(['a.tar.gz 3', 'b.tar.gz 3'])
    expect(await list(contextFor(minio, bucket, {}, { run: { job: 'other' } }))).toEqual([])
    await s3.remove!(mine, 'a.tar.gz')
    await s3.remove!(mine, 'a.tar.gz')
    expect(await list(mine)).toEqual(['b.tar.gz 3'])
    const left = await everythingIn(minio, bucket, 'none')
    expect(left).toEqual([...strangers.map((key) => `${key} 1`), 'prod/payments/nightly/b.tar.gz 3'].toSorted())
  })

  it('of the same prefix, with or without a "/" at its end; without a namespace one level higher', async () => {
    const bucket = await minio.newBucket()
    await s3.upload(contextFor(minio, bucket, { prefix: 'prod/' }), aBundle(3))
    expect(await list(contextFor(minio, bucket, { prefix: 'prod' }))).toHaveLength(1)
    const local = contextFor(minio, bucket, { prefix: '' }, { run: { namespace: '' } })
    expect(await s3.upload(local, aBundle(3, { fileName: 'x.tar.gz' }))).toMatchObject({
      location: `s3://${bucket}/nightly/x.tar.gz`,
    })
  })

  it('tells when an object was changed since', async () => {
    const bucket = await minio.newBucket()
    const Metadata = { sha256: 'ab'.repeat(32) }
    await minio.client.send(new PutObjectCommand({ Bucket: bucket, Key: KEY, Body: 'other', Metadata }))
    const read = bytesOf(s3.open!(contextFor(minio, bucket), 'nightly-20260101T020000Z.tar.gz'))
    await expect(read).rejects.toMatchObject({ code: 'UPLOAD_DAMAGED', class: 'resource' })
  })

  it('can stop reading in the middle', async () => {
    const bucket = await minio.newBucket()
    const context = contextFor(minio, bucket)
    await s3.upload(context, aBundle(8 * MIB))
    for await (const chunk of s3.open!(context, 'nightly-20260101T020000Z.tar.gz')) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
  })
})

describe.skipIf(minio.skipped)('what is refused', () => {
  it('verify leaves nothing behind, not even a version', async () => {
    const bucket = await minio.newBucket()
    await minio.client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }))
    await s3.verify!(contextFor(minio, bucket))
    expect(await everythingIn(minio, bucket, 'prod/payments/nightly/.verify')).toEqual([])
  })

  const wrong = `wrong${'0123456789abcdef'.repeat(2)}`
  const { accessKeyId, secretAccessKey } = minio.keys
  const CASES: [string, { settings?: Settings; secrets?: Record<string, string> }, object][] = [
    ['a wrong secret', { secrets: { accessKeyId, secretAccessKey: wrong } }, { code: 'UPLOAD_CREDENTIALS', class: 'permission' }],
    [
      'an unknown access key',
      { secrets: { accessKeyId: wrong, secretAccessKey } },
      { code: 'UPLOAD_CREDENTIALS', class: 'permission' },
    ],
    [
      'a session token that is none',
      { secrets: { accessKeyId, secretAccessKey, sessionToken: wrong } },
      { code: 'UPLOAD_CREDENTIALS', class: 'permission', remedy: expect.stringContaining('temporary') },
    ],
    ['half a pair of keys', { secrets: { accessKeyId } }, { code: 'UPLOAD_CREDENTIALS', class: 'config' }],
    ['a session token alone', { secrets: { sessionToken: wrong } }, { code: 'UPLOAD_CREDENTIALS', class: 'config' }],
    ['a missing bucket', { settings: { bucket: 'nonesuch' } }, { code: 'UPLOAD_BUCKET_MISSING', class: 'config' }],
    [
      'another region',
      { settings: { region: 'us-east-1' } },
      { code: 'UPLOAD_REGION_WRONG', class: 'config', remedy: 'set "region" to "eu-central-1"' },
    ],
    ['an unknown storage class', { settings: { storageClass: 'NOPE' } }, { code: 'UPLOAD_REFUSED', class: 'config' }],
    [
      'an unknown key of the key service',
      { settings: { sse: 'aws:kms', kmsKeyId: 'other' } },
      { code: 'UPLOAD_REFUSED', class: 'config', remedy: expect.stringContaining('kmsKeyId') },
    ],
    [
      'nobody at the endpoint',
      { settings: { endpoint: 'http://127.0.0.1:1' } },
      { code: 'UPLOAD_UNREACHABLE', class: 'retryable' },
    ],
    [
      'https to a port that speaks http',
      { settings: { endpoint: minio.url.replace('http:', 'https:') } },
      { code: 'UPLOAD_REFUSED', class: 'config', remedy: expect.stringContaining('https') },
    ],
  ]
  it.each(CASES)(
    '%s, with a class and a remedy, and no secret in it',
    async (_, { settings, secrets = minio.keys }, expected) => {
      const bucket = await minio.newBucket()
      const context = () => contextFor(minio, bucket, settings, { secrets })
      const tries: (() => Promise<unknown>)[] = [
        () => s3.verify!(context()),
        () => s3.upload(context(), aBundle(1000)),
        () => s3.upload(context(), aBundle(6 * MIB)),
      ]
      for (const attempt of tries) {
        const { error, text } = await failureOf(attempt())
        expect(error).toMatchObject({ remedy: expect.any(String), ...expected })
        for (const value of Object.values(secrets)) expect(text).not.toContain(value)
      }
    },
  )

  it('large bodies to somebody who may not write, with the reason rather than a cut connection', async () => {
    const context = contextFor(
      minio,
      await minio.newBucket(),
      { partSizeMiB: 64 },
      { secrets: { accessKeyId, secretAccessKey: wrong } },
    )
    await expect(s3.upload(context, aBundle(32 * MIB))).rejects.toMatchObject({ code: 'UPLOAD_CREDENTIALS' })
  })

  it('requests of a machine whose clock is wrong', async () => {
    const bucket = await minio.newBucket()
    vi.useFakeTimers({ toFake: ['Date'], now: systemClock.now().getTime() + 3_600_000 })
    const context = contextFor(minio, bucket, {}, { clock: systemClock })
    await expect(s3.upload(context, aBundle(100))).rejects.toMatchObject({
      code: 'UPLOAD_CLOCK_WRONG',
      class: 'config',
      message: expect.stringContaining("this machine's clock is 60 min ahead of that of the service"),
      remedy: expect.stringContaining('NTP'),
    })
  })
})

describe.skipIf(minio.skipped)('without keys', () => {
  const none = (name: string) => `/nonexistent/${name}`
  const alone = () => {
    for (const [name, value] of Object.entries({
      AWS_SHARED_CREDENTIALS_FILE: none('credentials'),
      AWS_CONFIG_FILE: none('config'),
      AWS_EC2_METADATA_DISABLED: 'true',
    }))
      vi.stubEnv(name, value)
  }

  it("the SDK's own chain finds them", async () => {
    alone()
    vi.stubEnv('AWS_ACCESS_KEY_ID', minio.keys.accessKeyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', minio.keys.secretAccessKey)
    const context = contextFor(minio, await minio.newBucket(), {}, { secrets: {} })
    expect(await s3.upload(context, aBundle(10))).toMatchObject({ verified: true })
  })

  it('and without any there, it says what to do', async () => {
    alone()
    const context = contextFor(minio, await minio.newBucket(), {}, { secrets: {} })
    await expect(s3.verify!(context)).rejects.toMatchObject({
      code: 'UPLOAD_CREDENTIALS',
      class: 'permission',
      remedy: expect.stringContaining('Secret'),
    })
  })
})
