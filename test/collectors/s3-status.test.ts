import { describe, expect, it } from 'vitest'
import { createHttp } from '../../agent/task/outbound/http.ts'
import s3Status from '../../collectors/s3-status/index.ts'
import { signatureHeaders } from '../../collectors/s3-status/signature.ts'
import { systemClock } from '../../core/clock.ts'
import type { Http, HttpRequest } from '../../core/contract/index.ts'
import { collectorContext, type FakeAnswer, fakeHttp, gather, noAnswer } from '../../core/testkit/index.ts'
import { condition } from '../agent/analysis/run-analyzer.ts'
import { useMinio } from '../support/minio.ts'
import { codes, issues, texts } from './collect.ts'

const KEYS = { accessKeyID: 'AKIA1', secretAccessKey: 's3cr3t/key' }

async function run(entry: object, http: Http, clock = systemClock) {
  const { value: config, issues: found } = (await s3Status.configSchema['~standard'].validate({
    bucketName: 'bkt',
    ...entry,
  })) as {
    value: never
    issues?: unknown
  }
  expect(found).toBeUndefined()
  return gather(s3Status.collect(collectorContext({ config, http, clock })))
}
const file = (gathered: Awaited<ReturnType<typeof run>>, name = 's3Status') =>
  JSON.parse(texts(gathered)[`s3Status/${name}.json`] ?? '') as unknown

async function requestOf(entry: object): Promise<HttpRequest | undefined> {
  let seen: HttpRequest | undefined
  const send: Http['send'] = async (request) => ((seen = request), { status: 200, headers: {}, body: new Uint8Array() })
  await run({ ...KEYS, ...entry }, { send })
  return seen
}

/** What @smithy/signature-v4 5, which the SDK of AWS signs with, makes of these. */
it.each([
  [
    'https://b1.s3.eu-central-1.amazonaws.com/',
    'eu-central-1',
    '7bf55a7e239ada3d40ca73b34a63790fe8e977b9c41702063002a33783f493f0',
  ],
  ['http://127.0.0.1:9000/b1', 'us-east-1', 'bba7b813f0fdd5c021f7f2ce6eb6e39f2270ab456481f88b2c2619a8f67e781b'],
  ['https://minio.example/base/b.1', 'x-1', '415fced13f30be02b03db6ba77a2934e6493f14c006c0e90245130d12dec6707'],
])('signs as the SDK of AWS does: %s', (url, region, signature) => {
  const now = new Date('2026-02-03T04:05:06.789Z')
  expect(signatureHeaders('HEAD', new URL(url), { ...KEYS, region }, now)).toEqual({
    'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'x-amz-date': '20260203T040506Z',
    authorization: `AWS4-HMAC-SHA256 Credential=AKIA1/20260203/${region}/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${signature}`,
  })
})

describe('s3Status', () => {
  it('says that it is connected', async () => {
    const gathered = await run(
      { ...KEYS, collectorName: 'c', region: 'eu-west-1' },
      fakeHttp({ 'https://bkt.s3.eu-west-1.amazonaws.com': {} }),
    )
    expect(file(gathered, 'c')).toEqual({ bucketName: 'bkt', region: 'eu-west-1', isConnected: true })
    expect(codes(gathered)).toEqual([])
  })

  it.each<[FakeAnswer | Error, string]>([
    [{ status: 403 }, 'the keys are wrong, or may not look at the bucket (HeadBucket: 403)'],
    [{ status: 404 }, 'there is no such bucket (HeadBucket: 404)'],
    [
      { status: 301, headers: { 'x-amz-bucket-region': 'eu-west-3' } },
      "the bucket is in another region (HeadBucket: 301, the bucket's region is eu-west-3)",
    ],
    [{ status: 500 }, 'the service did not say why (HeadBucket: 500)'],
    [
      noAnswer('https://bkt.s3.us-east-1.amazonaws.com', 'no such host'),
      'no answer from https://bkt.s3.us-east-1.amazonaws.com: no such host',
    ],
  ])('says what is wrong, in both places: %j', async (answer, error) => {
    const gathered = await run(KEYS, fakeHttp({ 'https://bkt.s3.us-east-1.amazonaws.com': answer }))
    expect(file(gathered)).toEqual({ bucketName: 'bkt', isConnected: false, error })
    expect(gathered.warnings).toEqual([{ type: 'warning', code: 'S3_NOT_CONNECTED', message: `bucket bkt: ${error}` }])
    expect(JSON.stringify(gathered)).not.toMatch(/s3cr3t|AKIA1/)
  })

  it('asks nobody without keys', async () => {
    expect(file(await run({ accessKeyID: 'x' }, fakeHttp()))).toMatchObject({
      error: 'accessKeyID and secretAccessKey are needed',
    })
  })

  it.each<[object, string]>([
    [{}, 'https://bkt.s3.us-east-1.amazonaws.com/'],
    [{ region: 'eu-west-1', usePathStyle: true }, 'https://s3.eu-west-1.amazonaws.com/bkt'],
    [{ bucketName: 'b.1' }, 'https://s3.us-east-1.amazonaws.com/b.1'],
    [{ bucketName: 'b.1', endpoint: 'http://s3.example' }, 'http://b.1.s3.example/'],
    [{ bucketName: 'B_1' }, 'https://s3.us-east-1.amazonaws.com/B_1'],
    [{ bucketName: '../x?y' }, 'https://s3.us-east-1.amazonaws.com/..%2Fx%3Fy'],
    [{ endpoint: 'https://minio.example:9000/' }, 'https://bkt.minio.example:9000/'],
    [{ endpoint: 'https://minio.example:9000/s3/', usePathStyle: true }, 'https://minio.example:9000/s3/bkt'],
    [{ endpoint: 'http://10.0.0.1:9000' }, 'http://10.0.0.1:9000/bkt'],
  ])('finds the bucket of %j', async (entry, url) => {
    expect(await requestOf(entry)).toMatchObject({ method: 'HEAD', url, maxRedirects: 0, tls: { isUnverified: false } })
  })

  it('verifies certificates unless told not to', async () => {
    expect((await requestOf({ insecure: true }))?.tls).toEqual({ isUnverified: true })
  })

  it.each<[object, string]>([
    [{ bucketName: '' }, 'bucketName'],
    [{ bucketName: 'b', endpoint: 'http://minio:port' }, 'endpoint: must be a URL, like https://minio.example:9000'],
    [{ bucketName: 'b', endpoint: 'minio:9000' }, 'endpoint: must begin with http:// or https://'],
    [{ bucketName: 'b', region: 'x.evil/' }, 'region: must be a region, like eu-central-1'],
  ])('refuses %j', async (entry, said) => {
    expect((await issues(s3Status, entry)).join('\n')).toContain(said)
  })

  it.each([
    [{ status: 200 }, 'held'],
    [{ status: 403 }, 'not'],
  ])('writes what our analyzer understands: %j', async (answer, verdict) => {
    const gathered = await run(KEYS, fakeHttp({ 'https://bkt.s3.us-east-1.amazonaws.com': answer }))
    expect(condition('analyzers', 's3Status', 'connected == true', texts(gathered))).toBe(verdict)
  })
})

const minio = await useMinio()
describe.skipIf(minio.skipped)('a real MinIO', () => {
  const http = createHttp({ clock: systemClock, signal: new AbortController().signal })
  const entry = () => ({
    endpoint: minio.url,
    region: minio.region,
    accessKeyID: minio.keys.accessKeyId,
    secretAccessKey: minio.keys.secretAccessKey,
  })

  it('lets us look at a bucket', async () => {
    expect(file(await run({ ...entry(), bucketName: await minio.newBucket() }, http))).toMatchObject({ isConnected: true })
  })

  it('says what is wrong', async () => {
    expect(file(await run({ ...entry(), bucketName: 'nosuchbucket' }, http))).toMatchObject({
      error: expect.stringContaining('404') as string,
    })
    const wrong = { ...entry(), bucketName: await minio.newBucket(), secretAccessKey: 'wrong' }
    expect(file(await run(wrong, http))).toMatchObject({ error: expect.stringContaining('403') as string })
  })
})
