import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { coalesce, isTable, type Values } from './values.ts'

/** One revision of a release, as Helm keeps it: what of it goes into a bundle. */
export interface Revision {
  name: string
  revision: number
  chart: string
  chartVersion: string
  appVersion: string
  /** when it was deployed, as Helm prints it */
  date: string
  status: string
  /** all that the chart was rendered with */
  values: Values
  /** what of that the user set */
  userValues: Values
}

/** Charts with all their files and manifests have a few MiB; a few KiB can be made to inflate to gigabytes. */
const MAX_BYTES = 32 * 1024 * 1024
const inflate = promisify(gunzip)

/**
 * Reads what Helm stores: base64 of gzip of JSON.
 *
 * @throws with a reason that quotes nothing of it
 */
export async function readRevision(payload: string): Promise<Revision> {
  const { name, version, info, chart, config } = parse(await inflated(Buffer.from(payload, 'base64')))
  if (typeof name !== 'string' || typeof version !== 'number') throw new Error('it has no name or no revision')
  const { metadata, values } = table(chart)
  const about = table(metadata)
  const { status, last_deployed: deployedAt } = table(info)
  return {
    name,
    revision: version,
    chart: text(about['name']),
    chartVersion: text(about['version']),
    appVersion: text(about['appVersion']),
    date: goTime(text(deployedAt)),
    status: text(status),
    values: coalesce(table(config), table(values)),
    userValues: table(config),
  }
}

const table = (value: unknown): Values => (isTable(value) ? value : {})
const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Helm leaves out the compression where a release was stored by a very old version. */
async function inflated(bytes: Buffer): Promise<Buffer> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return await inflate(bytes, { maxOutputLength: MAX_BYTES })
  } catch (error) {
    const isLarge = (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
    throw new Error(isLarge ? `it has more than ${MAX_BYTES / 2 ** 20} MiB` : 'its compression is broken', { cause: error })
  }
}

function parse(bytes: Buffer): Values {
  try {
    const release: unknown = JSON.parse(bytes.toString('utf8'))
    if (isTable(release)) return release
  } catch {
    // what the parser says would quote the release
  }
  throw new Error('it is not JSON of a release')
}

const INSTANT = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/

/** An RFC 3339 time in the words of Go, `2026-01-01 02:00:00.5 +0000 UTC`; what is none comes back as it is. */
function goTime(instant: string): string {
  const [whole, day, time, fraction = '', zone = ''] = INSTANT.exec(instant) ?? []
  if (whole === undefined) return instant
  const offset = zone.replace(':', '')
  const rest = fraction.replace(/\.?0+$/, '')
  return `${day} ${time}${rest} ${zone === 'Z' ? '+0000 UTC' : `${offset} ${offset}`}`
}
