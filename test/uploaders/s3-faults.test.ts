import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { MANNERS } from '../../uploaders/s3/connection.ts'
import { createS3Uploader } from '../../uploaders/s3/index.ts'
import { useMinio } from '../support/minio.ts'
import { errorBody, type Fault, type Rule, startS3Proxy } from './s3-proxy.ts'
import { aBundle, bytesOf, contextFor, everythingIn, failureOf, MIB, type Settings } from './s3-world.ts'

const minio = await useMinio()
const proxy = await startS3Proxy(minio.url)
afterAll(() => proxy.close())

/** As the real one, with the patience of a test: what hangs is given up soon, and what is only slow under load is not. */
const patient = createS3Uploader(MANNERS)
const impatient = createS3Uploader({ ...MANNERS, idleMs: 1500 })
const uploaderFor = (fault: Fault) => (fault.kind === 'hang' ? impatient : patient)
const KEY = 'prod/payments/nightly/nightly-20260101T020000Z.tar.gz'
const sixteen = aBundle(16 * MIB)

let bucket: string
beforeEach(async () => {
  if (minio.skipped) return
  bucket = await minio.newBucket()
  proxy.rules()
  proxy.requests.length = 0
})

const throughProxy = (settings: Settings = {}, options = {}) =>
  contextFor(minio, bucket, { endpoint: proxy.url, ...settings }, options)
/** The numbers of the parts that were sent since the last look, sorted. */
const partsSent = () =>
  proxy.requests
    .splice(0)
    .flatMap((one) => (one.startsWith('PUT ') ? (/partNumber=(\d+)/.exec(one)?.[1] ?? []) : []))
    .toSorted()
const PART_3: Omit<Rule, 'fault'> = { method: 'PUT', path: /partNumber=3/ }
const WHOLE: Omit<Rule, 'fault'> = { method: 'PUT', path: /\.tar\.gz\?x-id=PutObject|\.tar\.gz$/ }
const busy = (retryAfter: string): Fault => ({
  kind: 'answer',
  status: 503,
  headers: { 'retry-after': retryAfter },
  body: errorBody('SlowDown', 'Please reduce your request rate.'),
})

const FAULTS: [string, Fault, object][] = [
  ['a cut connection', { kind: 'cut', afterBytes: MIB }, { code: 'UPLOAD_UNREACHABLE', class: 'retryable' }],
  ['a lost answer', { kind: 'lost answer' }, { code: 'UPLOAD_UNREACHABLE', class: 'retryable' }],
  ['a service that stops reading', { kind: 'hang', afterBytes: MIB }, { code: 'UPLOAD_TIMED_OUT', class: 'retryable' }],
  ['a busy service', busy('7'), { code: 'UPLOAD_TARGET_BUSY', class: 'retryable', retryAfterMs: 7000 }],
  [
    'a broken gateway with a page of its own',
    { kind: 'answer', status: 502, body: '<html><h1>Bad Gateway</h1></html>' },
    { code: 'UPLOAD_TARGET_FAILED', class: 'retryable' },
  ],
  ['an answer without a body', { kind: 'answer', status: 500 }, { code: 'UPLOAD_TARGET_FAILED', class: 'retryable' }],
  [
    'a full service',
    {
      kind: 'answer',
      status: 507,
      body: errorBody('XMinioStorageFull', 'Storage backend has reached its minimum free drive threshold.'),
    },
    { code: 'UPLOAD_TARGET_FULL', class: 'resource' },
  ],
]

describe.skipIf(minio.skipped)('upload in parts', () => {
  it.each(FAULTS)('survives %s: the next try sends only the rest', async (_, fault, expected) => {
    proxy.rules({ ...PART_3, fault })
    const context = throughProxy()
    const { error, text } = await failureOf(uploaderFor(fault).upload(context, sixteen))
    expect(error).toMatchObject({ remedy: expect.any(String), ...expected })
    for (const secret of Object.values(minio.keys)) expect(text).not.toContain(secret)
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} unfinished`])
    partsSent()

    proxy.rules()
    expect(await patient.upload(context, sixteen)).toMatchObject({ verified: true, size: sixteen.size })
    // What was on its way as well has arrived; the fourth may not have been begun.
    const sent = partsSent()
    expect(sent).toContain('3')
    expect(sent.filter((number) => number < '3')).toEqual([])
    expect(Buffer.compare(await bytesOf(patient.open!(context, sixteen.fileName)), sixteen.bytes)).toBe(0)
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} ${sixteen.size}`])
  })

  it('looks first when it did not hear whether it was completed, and then sends nothing', async () => {
    proxy.rules({ method: 'POST', path: /uploadId=/, fault: { kind: 'lost answer' } })
    const context = throughProxy()
    await expect(patient.upload(context, sixteen)).rejects.toMatchObject({ code: 'UPLOAD_UNREACHABLE' })
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} ${sixteen.size}`])
    expect(context.state.get()).toMatchObject({ mayBeVisible: true })
    proxy.rules()
    proxy.requests.length = 0
    expect(await patient.upload(context, sixteen)).toMatchObject({ verified: true })
    expect(proxy.requests).toEqual([`HEAD /${bucket}/${KEY}`])
  })

  it('completes it when the last try did not', async () => {
    proxy.rules({ method: 'POST', path: /uploadId=/, fault: busy('1') })
    const context = throughProxy()
    await expect(patient.upload(context, sixteen)).rejects.toMatchObject({ code: 'UPLOAD_TARGET_BUSY' })
    partsSent()
    proxy.rules()
    await patient.upload(context, sixteen)
    expect(partsSent()).toEqual([])
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} ${sixteen.size}`])
  })

  it('takes an error for one that comes with status 200, as S3 may say it in completing', async () => {
    const body = errorBody('InternalError', 'We encountered an internal error. Please try again.')
    proxy.rules({ method: 'POST', path: /uploadId=/, fault: { kind: 'answer', status: 200, body } })
    await expect(patient.upload(throughProxy(), sixteen)).rejects.toMatchObject({
      code: 'UPLOAD_TARGET_FAILED',
      class: 'retryable',
    })
  })

  it('ends at once when it is aborted in a part, and can go on', async () => {
    proxy.rules({ ...PART_3, fault: { kind: 'hang', afterBytes: MIB } })
    const stop = new AbortController()
    const context = throughProxy({}, { signal: stop.signal })
    const hit = proxy.hit()
    const uploading = patient.upload(context, sixteen)
    uploading.catch(() => undefined)
    await hit
    stop.abort(new Error('cancelled'))
    await expect(uploading).rejects.toThrow('cancelled')
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} unfinished`])
    proxy.rules()
    await patient.upload({ ...throughProxy(), state: context.state }, sixteen)
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} ${sixteen.size}`])
  })

  it('survives a service that is killed and comes back', async () => {
    const context = throughProxy()
    const bundle = { ...sixteen, open: sixteenThat(() => minio.stop()) }
    await expect(patient.upload(context, bundle)).rejects.toMatchObject({ class: 'retryable' })
    await minio.start()
    await patient.upload(context, sixteen)
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} ${sixteen.size}`])
  })

  it('holds four parts in memory, however large the bundle and slow the service', async () => {
    proxy.rules({ method: 'PUT', path: /partNumber/, fault: { kind: 'slow', pauseMs: 1 } })
    let most = 0
    const sent = () => proxy.requests.filter((one) => one.includes('partNumber')).length
    const bundle = aBundle(60 * MIB, { between: (at) => void (most = Math.max(most, Math.floor(at / (5 * MIB)) - doneParts())) })
    const context = throughProxy()
    const doneParts = () => Object.keys((context.state.get() as { parts?: object } | null)?.parts ?? {}).length
    await patient.upload(context, bundle)
    expect([most <= 4, sent()]).toEqual([true, 12])
  })
})

function sixteenThat(happens: () => Promise<void>) {
  return async function* () {
    yield sixteen.bytes.subarray(0, 11 * MIB)
    await happens()
    yield sixteen.bytes.subarray(11 * MIB)
  }
}

describe.skipIf(minio.skipped)('upload in one request', () => {
  it.each(FAULTS)('of %s says the same', async (_, fault, expected) => {
    const bundle = aBundle(4 * MIB)
    proxy.rules({ ...WHOLE, fault })
    const context = throughProxy()
    await expect(uploaderFor(fault).upload(context, bundle)).rejects.toMatchObject(expected)
    proxy.rules()
    await patient.upload(context, bundle)
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} ${bundle.size}`])
  })

  it('waits for a service that is slow, as long as it takes something', async () => {
    const [hasty, pauseMs] = [createS3Uploader({ ...MANNERS, idleMs: 900 }), 2]
    // The kernel holds a few MiB back: the far side reads on long after all was given to it.
    const large = aBundle(40 * MIB)
    proxy.rules({ ...WHOLE, fault: { kind: 'slow', pauseMs } })
    const before = performance.now()
    expect(await hasty.upload(throughProxy({ partSizeMiB: 64 }), large)).toMatchObject({ verified: true })
    expect(performance.now() - before).toBeGreaterThan(900)
  })

  it('looks first when it did not hear the answer', async () => {
    const bundle = aBundle(MIB)
    proxy.rules({ ...WHOLE, fault: { kind: 'lost answer' } })
    const context = throughProxy()
    await expect(patient.upload(context, bundle)).rejects.toMatchObject({ class: 'retryable' })
    proxy.rules()
    proxy.requests.length = 0
    await patient.upload(context, bundle)
    expect(proxy.requests).toEqual([`HEAD /${bucket}/${KEY}`])
  })

  it('counts, but not as verified, when the key may not look', async () => {
    proxy.rules({ method: 'HEAD', path: /./, fault: { kind: 'answer', status: 403 } })
    const said: string[] = []
    const log = {
      debug: () => undefined,
      info: () => undefined,
      warn: (_: object, text: string) => void said.push(text),
      error: () => undefined,
    }
    const context = throughProxy({}, { log })
    for (const bundle of [aBundle(10), aBundle(10), sixteen]) {
      expect(await patient.upload(context, bundle)).toMatchObject({ verified: false, size: bundle.size })
    }
    expect(said.filter((text) => text.includes('its size was not checked'))).toHaveLength(3)
  })

  it('is no success when the service stored something else, which it takes away', async () => {
    proxy.rules({ method: 'HEAD', path: /./, fault: { kind: 'answer', status: 200, headers: { 'content-length': '5' } } })
    await expect(patient.upload(throughProxy(), aBundle(10))).rejects.toMatchObject({
      code: 'UPLOAD_DAMAGED',
      class: 'retryable',
      message: expect.stringContaining('5 of 10 bytes'),
    })
    expect(await everythingIn(minio, bucket, KEY)).toEqual([])
  })

  it('is no success when the object is not there', async () => {
    proxy.rules({ method: 'HEAD', path: /./, fault: { kind: 'answer', status: 404 } })
    await expect(patient.upload(throughProxy(), aBundle(10))).rejects.toMatchObject({
      code: 'UPLOAD_DAMAGED',
      class: 'retryable',
    })
  })
})

describe.skipIf(minio.skipped)('all else', () => {
  it('a download that is cut is an error, not a short bundle', async () => {
    const context = throughProxy()
    await patient.upload(context, sixteen)
    proxy.rules({ method: 'GET', path: /./, fault: { kind: 'short answer', bytes: 3 * MIB } })
    await expect(bytesOf(patient.open!(context, sixteen.fileName))).rejects.toMatchObject({
      code: 'UPLOAD_UNREACHABLE',
      class: 'retryable',
      message: expect.stringContaining('cannot read s3://'),
    })
  })

  it.each([
    ['verify', () => patient.verify!(throughProxy())],
    ['remove', () => patient.remove!(throughProxy(), 'a.tar.gz')],
    ['list', () => patient.list!(throughProxy())[Symbol.asyncIterator]().next()],
    ['open', () => patient.open!(throughProxy(), 'a.tar.gz')[Symbol.asyncIterator]().next()],
  ])('%s tells a busy service, too', async (_, work) => {
    proxy.rules(
      ...['GET', 'POST', 'DELETE'].map((method) => ({ method, path: /./, fault: busy('Thu, 01 Jan 2026 02:00:30 GMT') })),
    )
    // The clock of a test's context stands at 02:00.
    await expect(work()).rejects.toMatchObject({ code: 'UPLOAD_TARGET_BUSY', retryAfterMs: 30_000 })
  })

  it('what answers at the endpoint may be no S3 service at all', async () => {
    proxy.rules({
      method: 'POST',
      path: /./,
      fault: { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: '<html><p>Hi</p></html>' },
    })
    await expect(patient.verify!(throughProxy())).rejects.toMatchObject({ code: 'UPLOAD_REFUSED', class: 'config' })
  })
})
