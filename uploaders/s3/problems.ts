import type { ErrorClass } from '../../core/contract/index.ts'

/** What an error of the far side, or on the way there, means for the host. */
export interface Treatment {
  code: string
  class: ErrorClass
  /** `{bucket}`, `{target}` (bucket and folder), `{where}` (the endpoint), `{region}` (the right one, if it was told) are replaced */
  remedy: string
}

const denied: Treatment = {
  code: 'UPLOAD_DENIED',
  class: 'permission',
  remedy: 'let the access key do s3:PutObject and s3:AbortMultipartUpload (and with SSE-KMS use the key) below {target}',
}
const keys = (remedy: string): Treatment => ({ code: 'UPLOAD_CREDENTIALS', class: 'permission', remedy })
const wrongKeys = keys('put the right accessKeyId and secretAccessKey into the Secret; both belong together')
const oldKeys = keys('get new temporary credentials; with a sessionToken all three values change together')
const region: Treatment = { code: 'UPLOAD_REGION_WRONG', class: 'config', remedy: '{region}' }
const bucket: Treatment = {
  code: 'UPLOAD_BUCKET_MISSING',
  class: 'config',
  remedy: 'create the bucket {bucket} at {where}, or correct "bucket", "region" and "endpoint"',
}
const refused = (remedy: string): Treatment => ({ code: 'UPLOAD_REFUSED', class: 'config', remedy })
const settings = refused('correct the settings of the upload; docs/uploaders.md lists them')
const encryption = refused('correct "sse" and "kmsKeyId", or enable the key')
const unable = refused('leave out "sse", "kmsKeyId" or "storageClass": {where} cannot do all that was asked for')
const busy: Treatment = {
  code: 'UPLOAD_TARGET_BUSY',
  class: 'retryable',
  remedy: 'nothing to do: it is tried again, later each time',
}
const failed: Treatment = { code: 'UPLOAD_TARGET_FAILED', class: 'retryable', remedy: 'see whether {where} is healthy' }
const again: Treatment = { code: 'UPLOAD_FAILED', class: 'retryable', remedy: 'nothing to do: it is tried again' }
const full: Treatment = {
  code: 'UPLOAD_TARGET_FULL',
  class: 'resource',
  remedy: 'free some space in {bucket}, raise its quota, or keep fewer bundles',
}
const large: Treatment = { code: 'UPLOAD_TOO_LARGE', class: 'resource', remedy: 'collect less, or lower "limits.bundle"' }
const skewed: Treatment = {
  code: 'UPLOAD_CLOCK_WRONG',
  class: 'config',
  remedy: 'set the clock of this machine, best by NTP: requests that look older or newer than 15 minutes are refused',
}
const unreachable: Treatment = {
  code: 'UPLOAD_UNREACHABLE',
  class: 'retryable',
  remedy: 'see whether {where} is up, and reachable from here (name, port, firewall, proxy)',
}
const tls: Treatment = {
  code: 'UPLOAD_TLS_REFUSED',
  class: 'config',
  remedy: 'give {where} a certificate for its name from an authority that this machine trusts, or correct "endpoint"',
}
const noHttp = refused(
  'correct "endpoint": at {where} something else answers than an S3 service, or it wants the other of http and https',
)
const chain = keys('name a Secret under "credentials", or log in on this machine as for the aws command')

/** By the code of an answer, of the SDK, or of Node. */
export const BY_CODE: ReadonlyMap<string, Treatment> = new Map([
  ...all(denied, [
    'AccessDenied',
    'AllAccessDisabled',
    'AccountProblem',
    'InvalidObjectState',
    'UnauthorizedAccess',
    'Forbidden',
  ]),
  ...all(wrongKeys, ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidSecurity', 'NotSignedUp', 'MissingSecurityHeader']),
  ...all(oldKeys, ['ExpiredToken', 'ExpiredTokenException', 'InvalidToken', 'InvalidTokenId', 'TokenRefreshRequired']),
  ...all(chain, ['CredentialsProviderError', 'TokenProviderError']),
  ...all(region, ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', 'InvalidRegion']),
  ...all(bucket, ['NoSuchBucket', 'InvalidBucketName', 'InvalidBucketState']),
  ['NoSuchKey', { code: 'UPLOAD_OBJECT_MISSING', class: 'config', remedy: 'see which bundles there are below {target}' }],
  ...all(encryption, ['InvalidEncryptionAlgorithmError', 'KMSNotConfigured']),
  ...all(encryption, [
    'KMS.InvalidStateException',
    'KMS.KMSInvalidStateException',
    'ServerSideEncryptionConfigurationNotFoundError',
  ]),
  ...all(unable, ['NotImplemented', 'InvalidStorageClass', 'MethodNotAllowed']),
  ...all(skewed, ['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture']),
  ...all(busy, ['SlowDown', 'SlowDownRead', 'SlowDownWrite', 'Throttling', 'ThrottlingException', 'TooManyRequests', 'Busy']),
  ...all(busy, ['RequestLimitExceeded', 'BandwidthLimitExceeded', 'ServiceUnavailable']),
  ...all(failed, ['InternalError', 'XMinioServerNotInitialized', 'XMinioWriteQuorum', 'XMinioReadQuorum']),
  ...all(again, [
    'RequestTimeout',
    'IncompleteBody',
    'BadDigest',
    'XAmzContentSHA256Mismatch',
    'OperationAborted',
    'NoSuchUpload',
  ]),
  ...all(again, ['InvalidPart', 'InvalidPartOrder', 'ConditionalRequestConflict', 'TemporaryRedirect']),
  ...all(full, [
    'QuotaExceeded',
    'XMinioStorageFull',
    'XMinioAdminBucketQuotaExceeded',
    'InsufficientStorage',
    'StorageFull',
    'EDQUOT',
  ]),
  ...all(large, ['EntityTooLarge', 'MaxMessageLengthExceeded']),
  ...all(unreachable, ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ECONNABORTED']),
  ...all(unreachable, [
    'EHOSTUNREACH',
    'EHOSTDOWN',
    'ENETUNREACH',
    'ENETDOWN',
    'EADDRNOTAVAIL',
    'ETIMEDOUT',
    'ERR_STREAM_PREMATURE_CLOSE',
  ]),
  ...all(tls, ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN']),
  ...all(tls, ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_GET_ISSUER_CERT']),
  ...all(tls, ['ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_REVOKED', 'CERT_UNTRUSTED', 'HOSTNAME_MISMATCH']),
  ...all(noHttp, [
    'EPROTO',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'ERR_SSL_PACKET_LENGTH_TOO_LONG',
    'HPE_INVALID_CONSTANT',
    'HPE_INVALID_VERSION',
  ]),
  ['TimeoutError', { code: 'UPLOAD_TIMED_OUT', class: 'retryable', remedy: unreachable.remedy }],
])

/** Errors of the key service have its name in front. */
const OF_KEYS = /^kms[.:]/i

/** By the status of an answer whose code is not known, from the exact one to its hundred. */
const BY_STATUS: ReadonlyMap<number, Treatment> = new Map([
  [300, region],
  [400, settings],
  [401, wrongKeys],
  [403, denied],
  [404, settings],
  [405, unable],
  [408, again],
  [409, again],
  [413, large],
  [429, busy],
  [500, failed],
  [501, unable],
  [503, busy],
  [507, full],
])

/** What an answer means; `again` when nothing is known of it. */
export function treatmentOf(codes: readonly string[], status: number | undefined): Treatment {
  const known = codes.flatMap((code) => BY_CODE.get(code) ?? (OF_KEYS.test(code) ? encryption : []))[0]
  const ofStatus = status === undefined ? undefined : (BY_STATUS.get(status) ?? BY_STATUS.get(Math.floor(status / 100) * 100))
  return known ?? ofStatus ?? again
}

function all(treatment: Treatment, codes: readonly string[]): [string, Treatment][] {
  return codes.map((code) => [code, treatment])
}
