import { describe, expect, it } from 'vitest'
import { isPluginError, pluginError } from '../../core/contract/index.ts'
import { asUploadError } from '../../uploaders/s3/upload-error.ts'

const NOW = new Date('2026-01-01T02:00:00Z')
const DOING = {
  what: 'cannot write s3://acme/key',
  bucket: 'acme',
  target: 'acme/payments/nightly/',
  where: 'https://s3.example.com',
  now: NOW,
  secrets: ['AKIAIOSFODNN7EXAMPLE', 'wJalrXUtnFEMI', 'abc'],
}

interface Given {
  name?: string
  code?: string
  status?: number
  headers?: Record<string, string>
  message?: string
  more?: object
}

function anError({ name = 'Error', code, status, headers, message = 'it says no', more = {} }: Given): Error {
  const error = Object.assign(new Error(message), { name, ...(code === undefined ? {} : { code }), ...more })
  if (status === undefined) return error
  return Object.assign(error, { $metadata: { httpStatusCode: status, requestId: 'REQ1' }, $response: { headers: headers ?? {} } })
}

const told = (given: Given) => {
  const error = asUploadError(anError(given), DOING)
  return isPluginError(error) ? error : expect.unreachable('no plug-in error')
}

it.each([
  [{ name: 'AccessDenied', status: 403 }, 'UPLOAD_DENIED', 'permission', 's3:PutObject'],
  [{ name: 'Forbidden', status: 403 }, 'UPLOAD_DENIED', 'permission', 'acme/payments/nightly/'],
  [{ name: 'SomethingNew', status: 403 }, 'UPLOAD_DENIED', 'permission', 's3:PutObject'],
  [{ name: 'SignatureDoesNotMatch', status: 403 }, 'UPLOAD_CREDENTIALS', 'permission', 'both belong together'],
  [{ name: 'InvalidAccessKeyId', status: 403 }, 'UPLOAD_CREDENTIALS', 'permission', 'accessKeyId'],
  [{ name: 'ExpiredToken', status: 400 }, 'UPLOAD_CREDENTIALS', 'permission', 'temporary'],
  [{ name: 'CredentialsProviderError' }, 'UPLOAD_CREDENTIALS', 'permission', '"credentials"'],
  [{ name: 'NoSuchBucket', status: 404 }, 'UPLOAD_BUCKET_MISSING', 'config', 'create the bucket acme at https://s3.example.com'],
  [
    { name: 'PermanentRedirect', status: 301, headers: { 'x-amz-bucket-region': 'eu-west-3' } },
    'UPLOAD_REGION_WRONG',
    'config',
    'set "region" to "eu-west-3"',
  ],
  [
    { name: 'AuthorizationHeaderMalformed', status: 400, more: { Region: 'eu-west-1' } },
    'UPLOAD_REGION_WRONG',
    'config',
    '"eu-west-1"',
  ],
  [
    { name: 'PermanentRedirect', status: 301, more: { Region: '"; rm -rf' } },
    'UPLOAD_REGION_WRONG',
    'config',
    'that of the bucket',
  ],
  [{ name: 'UnknownError', status: 307 }, 'UPLOAD_REGION_WRONG', 'config', 'region'],
  [{ name: 'RequestTimeTooSkewed', status: 403 }, 'UPLOAD_CLOCK_WRONG', 'config', 'NTP'],
  [{ name: 'SlowDown', status: 503 }, 'UPLOAD_TARGET_BUSY', 'retryable', 'tried again'],
  [{ name: 'UnknownError', status: 503 }, 'UPLOAD_TARGET_BUSY', 'retryable', 'tried again'],
  [{ name: 'UnknownError', status: 429 }, 'UPLOAD_TARGET_BUSY', 'retryable', 'tried again'],
  [{ name: 'InternalError', status: 500 }, 'UPLOAD_TARGET_FAILED', 'retryable', 'healthy'],
  [{ name: 'UnknownError', status: 599 }, 'UPLOAD_TARGET_FAILED', 'retryable', 'healthy'],
  [{ name: 'RequestTimeout', status: 400 }, 'UPLOAD_FAILED', 'retryable', 'tried again'],
  [{ name: 'QuotaExceeded', status: 403 }, 'UPLOAD_TARGET_FULL', 'resource', 'quota'],
  [{ name: 'UnknownError', status: 507 }, 'UPLOAD_TARGET_FULL', 'resource', 'free some space in acme'],
  [{ name: 'EntityTooLarge', status: 400 }, 'UPLOAD_TOO_LARGE', 'resource', 'collect less'],
  [{ name: 'NotImplemented', status: 501 }, 'UPLOAD_REFUSED', 'config', 'cannot do all'],
  [{ name: 'KMS.NotFoundException', status: 400 }, 'UPLOAD_REFUSED', 'config', 'kmsKeyId'],
  [{ name: 'InvalidArgument', status: 400 }, 'UPLOAD_REFUSED', 'config', 'docs/uploaders.md'],
  [{ code: 'ECONNREFUSED' }, 'UPLOAD_UNREACHABLE', 'retryable', 'https://s3.example.com'],
  [{ name: 'TimeoutError', code: 'ECONNRESET' }, 'UPLOAD_UNREACHABLE', 'retryable', 'reachable'],
  [{ code: 'ENOTFOUND' }, 'UPLOAD_UNREACHABLE', 'retryable', 'name'],
  [{ name: 'TimeoutError' }, 'UPLOAD_TIMED_OUT', 'retryable', 'reachable'],
  [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'UPLOAD_TLS_REFUSED', 'config', 'certificate'],
  [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'UPLOAD_TLS_REFUSED', 'config', 'certificate'],
  [{ code: 'HPE_INVALID_CONSTANT' }, 'UPLOAD_REFUSED', 'config', 'endpoint'],
  [{ name: 'constructor', code: '__proto__' }, 'UPLOAD_FAILED', 'retryable', 'tried again'],
  [{ name: 'TypeError' }, 'UPLOAD_FAILED', 'retryable', 'tried again'],
] satisfies [Given, string, string, string][])('%j', (given, code, kind, remedy) => {
  expect(told(given)).toMatchObject({ code, class: kind, remedy: expect.stringContaining(remedy) })
  expect(told(given).remedy).not.toMatch(/[{}]/)
})

describe('the message', () => {
  it('says what was done, what came back, and which request it was', () => {
    const { message } = told({ name: 'AccessDenied', status: 403, message: 'Access Denied' })
    expect(message).toBe('cannot write s3://acme/key: AccessDenied (403): Access Denied [request REQ1]')
  })

  it('names the code when Node gives no text, as for several addresses', () => {
    expect(told({ name: 'AggregateError', code: 'ECONNREFUSED', message: '' }).message).toBe(
      'cannot write s3://acme/key: ECONNREFUSED',
    )
  })

  it('holds no secret, no line ends and escapes of strangers, and ends some time', () => {
    const message = `\u001B[31mno\r\n\u0000${'x'.repeat(284)}wJalrXUtnFEMI ${'y'.repeat(1000)}`
    const error = told({ name: 'AccessDenied', code: 'AKIAIOSFODNN7EXAMPLE', status: 403, message })
    expect(error.message).toMatch(/^[\x20-\x7e]+$/)
    expect(error.message.length).toBeLessThan(500)
    expect(error.message).not.toMatch(/wJ|AKIA/)
  })

  it('leaves out what the SDK knows of the signature', () => {
    const more = { StringToSign: 'AWS4-HMAC-SHA256 …', AWSAccessKeyId: 'AKIAIOSFODNN7EXAMPLE', SignatureProvided: 'f00' }
    const error = told({ name: 'SignatureDoesNotMatch', status: 403, more })
    expect(error.cause).toBeUndefined()
    expect(JSON.stringify(error)).not.toMatch(/AWS4|AKIA|f00/)
  })

  it('is not torn by a secret that is too short to be one', () => {
    expect(told({ name: 'AccessDenied', status: 403, message: 'abc' }).message).toContain('abc')
  })

  it.each([
    ['Thu, 01 Jan 2026 03:30:00 GMT', "this machine's clock is 90 min behind that of the service"],
    ['Thu, 01 Jan 2026 01:00:00 GMT', "this machine's clock is 60 min ahead of that of the service"],
  ])('tells how far the clocks are apart: %s', (date, text) => {
    expect(told({ name: 'RequestTimeTooSkewed', status: 403, headers: { date } }).message).toContain(text)
  })
})

describe('the pause', () => {
  it.each([
    ['7', 7_000],
    ['0', 0],
    ['Thu, 01 Jan 2026 02:00:30 GMT', 30_000],
    ['Thu, 01 Jan 2026 01:00:00 GMT', 0],
    ['999999999', 3_600_000],
    ['soon', undefined],
    ['-5', undefined],
  ])('of Retry-After %j', (retryAfter, ms) => {
    expect(told({ name: 'SlowDown', status: 503, headers: { 'retry-after': retryAfter } }).retryAfterMs).toBe(ms)
  })
})

it('passes on what is understood already, and what is no error', () => {
  const own = pluginError('UPLOAD_DAMAGED', 'x', { class: 'retryable' })
  expect([asUploadError(own, DOING), asUploadError('text', DOING)]).toEqual([own, 'text'])
})
