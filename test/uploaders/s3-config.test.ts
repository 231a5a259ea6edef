import { describe, expect, it } from 'vitest'
import { uploaderContext } from '../../core/testkit/index.ts'
import { keysOf } from '../../uploaders/s3/credentials.ts'
import s3 from '../../uploaders/s3/index.ts'
import { MANNERS } from '../../uploaders/s3/connection.ts'
import { folderOf, keyOf } from '../../uploaders/s3/object-key.ts'
import { S3Config } from '../../uploaders/s3/schema.ts'

const issuesOf = (config: object) =>
  (S3Config.safeParse({ bucket: 'acme-bundles', ...config }).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')} ${message}`,
  )

describe('config', () => {
  it('has its defaults', () => {
    expect(S3Config.parse({ bucket: 'acme-bundles' })).toEqual({
      bucket: 'acme-bundles',
      prefix: '',
      region: 'us-east-1',
      partSizeMiB: 16,
      forcePathStyle: false,
      allowInsecure: false,
    })
  })

  it('addresses a bucket by path where an endpoint is set, unless told otherwise', () => {
    const style = (config: object) => S3Config.parse({ bucket: 'acme-bundles', ...config }).forcePathStyle
    const endpoint = 'https://minio.example.com'
    expect([style({ endpoint }), style({ endpoint, forcePathStyle: false }), style({ forcePathStyle: true })]).toEqual([
      true,
      false,
      true,
    ])
  })

  it('takes the text of --upload-options', () => {
    const text = { partSizeMiB: '32', forcePathStyle: 'true', allowInsecure: 'false', sse: 'AES256', endpoint: 'https://a.b/' }
    expect(S3Config.parse({ bucket: 'acme-bundles', ...text })).toMatchObject({
      partSizeMiB: 32,
      forcePathStyle: true,
      allowInsecure: false,
      sse: 'AES256',
      endpoint: 'https://a.b',
    })
  })

  it.each([
    ['ab'],
    ['Acme'],
    ['acme_bundles'],
    ['-acme'],
    ['acme-'],
    ['a..b'],
    ['192.168.1.1'],
    ['a'.repeat(64)],
    ['acme/prod'],
    [''],
  ])('refuses the bucket %j', (bucket) => {
    expect(issuesOf({ bucket })).toEqual(['bucket must be 3 to 63 lower-case letters, digits, "-" and ".", and no IP address'])
  })

  it.each([['acme-bundles'], ['acme.bundles.example.com'], ['1acme'], ['abc'], ['a'.repeat(63)]])(
    'takes the bucket %j',
    (bucket) => {
      expect(issuesOf({ bucket })).toEqual([])
    },
  )

  const ENDPOINTS: [string, string[]][] = [
    ['https://minio.example.com:9000', []],
    ['https://storage.example.com/s3', []],
    ['http://localhost:9000', []],
    ['http://127.0.0.1:9000', []],
    ['http://127.8.0.1:9000', []],
    ['http://[::1]:9000', []],
    ['http://minio.example.com:9000', ['unencrypted']],
    ['http://localhost.example.com', ['unencrypted']],
    ['http://127.0.0.1.example.com', ['unencrypted']],
    ['http://10.0.0.1:9000', ['unencrypted']],
    ['minio.example.com:9000', ['with its scheme']],
    ['localhost:9000', ['with its scheme']],
    ['ftp://minio.example.com', ['with its scheme']],
    ['https://', ['with its scheme']],
    ['https://user:word@minio.example.com', ['without user or query']],
    ['https://minio.example.com/?a=b', ['without user or query']],
    ['https://minio.example.com/#a', ['without user or query']],
  ]
  it.each(ENDPOINTS)('endpoint %s', (endpoint, problems) => {
    expect(issuesOf({ endpoint })).toEqual(problems.map((problem): unknown => expect.stringContaining(problem)))
    // What may be a password is not shown.
    expect(issuesOf({ endpoint }).join()).not.toContain('word@')
  })

  it('sends in clear when it is told to', () => {
    expect(issuesOf({ endpoint: 'http://minio.example.com:9000', allowInsecure: true })).toEqual([])
  })

  it.each([
    [{ prefix: '/prod' }, 'prefix must be names'],
    [{ prefix: 'prod//eu' }, 'prefix must be names'],
    [{ prefix: '../prod' }, 'prefix must be names'],
    [{ prefix: 'a\\b' }, 'prefix must be names'],
    [{ prefix: 'x'.repeat(513) }, 'prefix Too big'],
    [{ region: 'eu central' }, 'region must be the name'],
    [{ kmsKeyId: 'key' }, 'kmsKeyId needs "sse: aws:kms"'],
    [{ kmsKeyId: 'key', sse: 'AES256' }, 'kmsKeyId needs "sse: aws:kms"'],
    [{ sse: 'none' }, 'sse Invalid option'],
    [{ storageClass: 'standard' }, 'storageClass must be the name'],
    [{ partSizeMiB: 4 }, 'partSizeMiB Too small'],
    [{ partSizeMiB: '65' }, 'partSizeMiB Too big'],
    [{ partSizeMiB: 5.5 }, 'partSizeMiB'],
    [{ partSizeMiB: 'many' }, 'partSizeMiB must be a number'],
    [{ forcePathStyle: 'perhaps' }, 'forcePathStyle must be true or false'],
    [{ acl: 'public-read' }, ' Unrecognized key'],
  ])('refuses %j', (config, problem) => {
    expect(issuesOf(config)).toEqual([expect.stringContaining(problem)])
  })

  it('sends checksums to AWS alone', () => {
    const CASES = [
      undefined,
      'https://s3.eu-central-1.amazonaws.com',
      'https://s3.cn-north-1.amazonaws.com.cn',
      'https://x.s3.api.aws',
    ]
    const OTHERS = ['https://minio.example.com', 'https://amazonaws.com.example.com', 'http://localhost']
    expect([...CASES, ...OTHERS].map((one) => MANNERS.hasChecksums(one))).toEqual([true, true, true, true, false, false, false])
  })
})

describe('keys of objects', () => {
  const context = (prefix: string, run = {}) =>
    uploaderContext({ config: S3Config.parse({ bucket: 'acme-bundles', prefix }), run })

  it.each([
    ['', {}, 'payments/nightly/'],
    ['prod', {}, 'prod/payments/nightly/'],
    ['prod/', {}, 'prod/payments/nightly/'],
    ['a/b', { namespace: '' }, 'a/b/nightly/'],
  ])('lie below prefix %j', (prefix, run, folder) => {
    expect(folderOf(context(prefix, run))).toBe(folder)
  })

  it.each([['..'], ['.a'], ['a/b'], [''], ['a\u0000b'], ['a\\b']])('hold no file name %j', (fileName) => {
    expect(() => keyOf(context(''), fileName)).toThrow(expect.objectContaining({ code: 'UPLOAD_NAME_INVALID', class: 'bug' }))
    expect(() => folderOf(context('', { job: fileName }))).toThrow(/cannot be part/)
  })

  it('are not longer than S3 allows, in bytes', () => {
    const fits = 'x'.repeat(1024 - 'payments/nightly/'.length)
    expect(keyOf(context(''), fits)).toHaveLength(1024)
    expect(() => keyOf(context(''), `ü${fits.slice(1)}`)).toThrow(/longer than 1024 bytes/)
  })
})

describe('s3:// URLs', () => {
  it.each([
    ['s3://acme-bundles', { bucket: 'acme-bundles', prefix: '' }],
    ['s3://acme-bundles/', { bucket: 'acme-bundles', prefix: '' }],
    ['s3://acme-bundles/prod', { bucket: 'acme-bundles', prefix: 'prod' }],
    ['s3://acme-bundles/prod/eu%20west/', { bucket: 'acme-bundles', prefix: 'prod/eu west/' }],
  ])('%s', (url, config) => {
    expect(s3.fromUrl!(new URL(url))).toEqual(config)
    expect(issuesOf(config)).toEqual([])
  })

  it.each([
    ['s3://AKIAEXAMPLE:secretvalue@acme-bundles/prod', '--upload-credentials'],
    ['s3://acme-bundles/prod?region=eu', '--upload-options'],
    ['s3://acme-bundles/prod#x', '--upload-options'],
    ['s3://minio.example.com:9000/acme', 'endpoint='],
    ['s3://acme-bundles/100%', '%25'],
  ])('refuses %s, and shows nothing of it that may be secret', (url, remedy) => {
    const from = () => s3.fromUrl!(new URL(url))
    expect(from).toThrow(
      expect.objectContaining({ code: 'UPLOAD_URL_INVALID', class: 'config', remedy: expect.stringContaining(remedy) }),
    )
    expect(from).not.toThrow(/secretvalue|AKIA/)
  })
})

describe('credentials', () => {
  const given = (secrets: Record<string, string>) => keysOf((key) => uploaderContext({ config: {}, secrets }).secret(key))

  it('are all from the Secret, without the line end of a file', () => {
    expect(given({ accessKeyId: 'id\n', secretAccessKey: ' secret ' })).toEqual({ accessKeyId: 'id', secretAccessKey: 'secret' })
    expect(given({ accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'token' })).toHaveProperty('sessionToken', 'token')
  })

  it('or none is', () => {
    expect(given({})).toBeUndefined()
    expect(given({ accessKeyId: '', secretAccessKey: '', other: 'x' })).toBeUndefined()
  })

  it.each([
    [{ accessKeyId: 'id-given' }, '"secretAccessKey" is missing'],
    [{ secretAccessKey: 'secret-given' }, '"accessKeyId" is missing'],
    [{ accessKeyId: 'id-given', secretAccessKey: ' ' }, '"secretAccessKey" is missing'],
    [{ sessionToken: 'token-given' }, '"accessKeyId" and "secretAccessKey" is missing'],
    [{ accessKeyId: 'id-given\nsecond', secretAccessKey: 'secret-given' }, '"accessKeyId" holds characters'],
  ])('and never a part of them: %j', (secrets, problem) => {
    const reading = () => given(secrets)
    expect(reading).toThrow(expect.objectContaining({ code: 'UPLOAD_CREDENTIALS', class: 'config' }))
    expect(reading).toThrow(problem)
    expect(reading).not.toThrow(/given/)
  })
})
