import { isIP } from 'node:net'
import { type CollectorContext, CONTRACT, defineCollector, jsonFile, reasonLine, warning } from '../../core/contract/index.ts'
import { S3StatusConfig } from './schema.ts'
import { signatureHeaders } from './signature.ts'

export default defineCollector<S3StatusConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 's3-status',
    version: '1.0.0',
    summary: 'whether a bucket can be reached with its keys',
    specKey: 's3Status',
    permissions: [],
    outputs: ['s3Status'],
  },
  configSchema: S3StatusConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { bucketName, endpoint, region, collectorName } = context.config
    const error = await failureOf(context)
    yield jsonFile(`s3Status/${collectorName || 's3Status'}.json`, {
      bucketName,
      ...(endpoint ? { endpoint } : {}),
      ...(region ? { region } : {}),
      isConnected: error === undefined,
      ...(error === undefined ? {} : { error }),
    })
    if (error !== undefined) yield warning('S3_NOT_CONNECTED', `bucket ${bucketName}: ${error}`)
  },
})

/** The peer's. */
const TIMEOUT_MS = 30_000
const REASONS: Readonly<Record<number, string>> = {
  301: 'the bucket is in another region',
  400: 'the request is not understood; often the region is wrong',
  403: 'the keys are wrong, or may not look at the bucket',
  404: 'there is no such bucket',
}

/** Asks for the bucket's head. A HEAD has no body that says more. */
async function failureOf({ config, http, clock, signal }: CollectorContext<S3StatusConfig>): Promise<string | undefined> {
  const { accessKeyID, secretAccessKey, insecure } = config
  if (accessKeyID === '' || secretAccessKey === '') return 'accessKeyID and secretAccessKey are needed'
  const url = bucketUrl(config)
  const headers = signatureHeaders('HEAD', url, { ...config, region: config.region || 'us-east-1' }, clock.now())
  try {
    const tls = { isUnverified: insecure }
    const answer = await http.send({ method: 'HEAD', url: url.href, headers, tls, timeoutMs: TIMEOUT_MS, maxRedirects: 0 })
    signal.throwIfAborted()
    if (answer.status === 200) return undefined
    const [region] = answer.headers['x-amz-bucket-region'] ?? []
    const reason = REASONS[answer.status] ?? 'the service did not say why'
    return `${reason} (HeadBucket: ${answer.status}${region && region !== config.region ? `, the bucket's region is ${region}` : ''})`
  } catch (error) {
    signal.throwIfAborted()
    return reasonLine(error)
  }
}

/** Names with dots fit no certificate, and an address has no names below it: these go into the path. */
function bucketUrl({ bucketName, endpoint, region, usePathStyle }: S3StatusConfig): URL {
  const url = new URL(endpoint || `https://s3.${region || 'us-east-1'}.amazonaws.com`)
  const isHostName =
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucketName) && !(url.protocol === 'https:' && bucketName.includes('.'))
  const base = url.pathname.replace(/\/$/, '')
  url.search = ''
  if (usePathStyle || !isHostName || isIP(url.hostname.replace(/^\[|\]$/g, '')))
    url.pathname = `${base}/${encodeURIComponent(bucketName)}`
  else url.hostname = `${bucketName}.${url.hostname}`
  return url
}
