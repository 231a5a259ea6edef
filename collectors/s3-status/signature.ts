import { createHash, createHmac } from 'node:crypto'

export interface Keys {
  accessKeyID: string
  secretAccessKey: string
  region: string
}

const hmac = (key: string | Uint8Array, text: string) => createHmac('sha256', key).update(text).digest()
const digest = (text: string) => createHash('sha256').update(text).digest('hex')
const EMPTY = digest('')

/**
 * Headers that sign a request to S3 which has no query and no body, as AWS Signature Version 4 wants it:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function signatureHeaders(method: string, url: URL, { accessKeyID, secretAccessKey, region }: Keys, now: Date) {
  const at = now.toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const day = at.slice(0, 8)
  const signed = { host: url.host, 'x-amz-content-sha256': EMPTY, 'x-amz-date': at }
  const names = Object.keys(signed).join(';')
  const lines = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`)
  const request = [method, url.pathname, '', lines.join(''), names, EMPTY].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const text = ['AWS4-HMAC-SHA256', at, scope, digest(request)].join('\n')
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Uint8Array>(hmac, `AWS4${secretAccessKey}`)
  const signature = createHmac('sha256', key).update(text).digest('hex')
  return {
    'x-amz-content-sha256': EMPTY,
    'x-amz-date': at,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyID}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  }
}
