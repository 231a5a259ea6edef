import { pluginError, type UploaderContext } from '../../core/contract/index.ts'
import type { S3Config } from './schema.ts'

export type S3Context = UploaderContext<S3Config>

/** What S3 allows for a key, in bytes of UTF-8. */
const LONGEST_KEY = 1024

/** The folder of a job, which is the job's alone: `prod/payments/nightly/`. Jobs of a local agent have no namespace. */
export function folderOf({ config, run }: S3Context): string {
  const prefix = config.prefix.replace(/(?<=[^/])$/, '/')
  const names = (run.namespace === '' ? [run.job] : [run.namespace, run.job]).map(checked)
  return `${prefix}${names.join('/')}/`
}

/** The key of a bundle: made of job and file name alone, so that sending it twice is one object. */
export function keyOf(context: S3Context, fileName: string): string {
  const key = folderOf(context) + checked(fileName)
  if (Buffer.byteLength(key) <= LONGEST_KEY) return key
  throw pluginError('UPLOAD_NAME_INVALID', `the key of ${fileName} would be longer than ${LONGEST_KEY} bytes`, {
    class: 'config',
    remedy: 'choose a shorter "prefix"',
  })
}

/** `bucket` and `prefix` of `s3://bucket/prefix`. @throws UPLOAD_URL_INVALID for all that stands in no such URL */
export function targetOf(url: URL): { bucket: string; prefix: string } {
  const path = decoded(url.pathname)
  const problems: [boolean, string, string][] = [
    // Not shown: it may well be a real one.
    [url.username + url.password !== '', 'holds a user or password', 'give the keys by "credentials" or --upload-credentials'],
    [url.search + url.hash !== '', 'holds "?" or "#"', 'give settings by "config" or --upload-options'],
    [url.port !== '', 'holds a port', 'name the server by --upload-options endpoint=https://…'],
    [path === undefined, 'holds a "%" that begins no escape', 'write %25 for a "%"'],
  ]
  const [, what, remedy = ''] = problems.find(([applies]) => applies) ?? []
  if (what !== undefined) throw pluginError('UPLOAD_URL_INVALID', `the s3:// URL ${what}`, { class: 'config', remedy })
  return { bucket: url.host, prefix: (path ?? '').replace(/^\//, '') }
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

/** One name of a key. Those with a dot in front are ours: objects that never come into being. */
function checked(name: string): string {
  if (/^[^/\\\p{Cc}.][^/\\\p{Cc}]*$/u.test(name)) return name
  throw pluginError('UPLOAD_NAME_INVALID', `"${name}" cannot be part of an object's key`, { class: 'bug' })
}
