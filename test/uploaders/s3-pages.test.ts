import { createHash } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { uploaderContext } from '../../core/testkit/index.ts'
import type { Bucket } from '../../uploaders/s3/bucket.ts'
import { openBucket } from '../../uploaders/s3/bucket.ts'
import { MANNERS } from '../../uploaders/s3/connection.ts'
import { S3Config } from '../../uploaders/s3/schema.ts'

/** Answers of a service, in their order; asked for more, it gives the last one again. */
let answers: string[]
let asked: string[]
let headers: IncomingHttpHeaders
let server: Server
let bucket: Bucket

beforeEach(async () => {
  asked = []
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    headers = request.headers
    request.resume()
    response.writeHead(200, { 'content-type': 'application/xml' })
    response.end(`<?xml version="1.0"?>${answers.length > 1 ? answers.shift() : answers[0]}`)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const endpoint = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const secrets = { accessKeyId: 'test', secretAccessKey: 'test' }
  const config = S3Config.parse({ bucket: 'acme-bundles', endpoint })
  bucket = await openBucket(uploaderContext({ config, secrets }), MANNERS)
})
afterEach(() => {
  bucket.close()
  server.closeAllConnections()
  server.close()
})

const listPage = (names: string[], next?: string) => {
  const more =
    next === undefined
      ? '<IsTruncated>false</IsTruncated>'
      : `<IsTruncated>true</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>`
  const objects = names.map(
    (key) => `<Contents><Key>f/${key}</Key><Size>3</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>`,
  )
  return `<ListBucketResult>${more}${objects.join('')}</ListBucketResult>`
}
const partsPage = (numbers: number[], next?: number) => {
  const more =
    next === undefined
      ? '<IsTruncated>false</IsTruncated>'
      : `<IsTruncated>true</IsTruncated><NextPartNumberMarker>${next}</NextPartNumberMarker>`
  const parts = numbers.map((number) => `<Part><PartNumber>${number}</PartNumber><ETag>"e${number}"</ETag><Size>5</Size></Part>`)
  return `<ListPartsResult>${more}${parts.join('')}</ListPartsResult>`
}
const listed = async () => {
  const keys = []
  for await (const { key } of bucket.list('f/')) keys.push(key)
  return keys
}

it('lists all pages', async () => {
  answers = [listPage(['a', 'b'], 'one'), listPage(['c'], 'two'), listPage(['d'])]
  expect(await listed()).toEqual(['f/a', 'f/b', 'f/c', 'f/d'])
  expect(asked.map((url) => new URL(url, 'http://x').searchParams.get('continuation-token'))).toEqual([null, 'one', 'two'])
})

it('gives up on a service that gives one page for ever', async () => {
  answers = [listPage(['a'], 'one')]
  expect(await listed()).toEqual(['f/a', 'f/a'])
})

it('asks for no second page when nobody reads on', async () => {
  answers = [listPage(['a', 'b'], 'one')]
  for await (const { key } of bucket.list('f/')) {
    expect(key).toBe('f/a')
    break
  }
  expect(asked).toHaveLength(1)
})

it('lists all parts of an upload', async () => {
  answers = [partsPage([1, 2], 2), partsPage([3])]
  expect([...((await bucket.sentParts('f/a', 'id')) ?? [])]).toEqual([
    [1, { etag: '"e1"', size: 5 }],
    [2, { etag: '"e2"', size: 5 }],
    [3, { etag: '"e3"', size: 5 }],
  ])
  expect(asked.map((url) => new URL(url, 'http://x').searchParams.get('part-number-marker'))).toEqual([null, '2'])
})

it('sends a body at once, without asking first and without a checksum that not all services know', async () => {
  answers = ['']
  const bytes = Buffer.alloc(5 * 2 ** 20)
  const sha256 = createHash('sha256').update(bytes).digest()
  await bucket.put('f/a', { bytes, sha256: sha256.toString('base64') }, {})
  expect(headers).toMatchObject({ 'content-length': String(bytes.length), 'x-amz-content-sha256': sha256.toString('hex') })
  expect(Object.keys(headers).filter((name) => /expect|checksum|trailer|transfer-encoding|content-encoding/.test(name))).toEqual(
    [],
  )
})
