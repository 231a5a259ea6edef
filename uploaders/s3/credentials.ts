import { pluginError, type UploaderManifest } from '../../core/contract/index.ts'

export interface Keys {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

/** None is required: locally, without any of them, the SDK looks where other AWS tools do. */
export const SECRET_KEYS: UploaderManifest['secretKeys'] = [
  { name: 'accessKeyId', required: false, why: 'names the access key; without it the credentials of this machine are used' },
  { name: 'secretAccessKey', required: false, why: 'signs the requests; needed with accessKeyId' },
  { name: 'sessionToken', required: false, why: 'of temporary credentials' },
]

/**
 * The keys that the job's Secret gives, or undefined when it gives none and the SDK's own chain is to be used.
 *
 * @param secret throws for a key that was not given
 * @throws UPLOAD_CREDENTIALS when only a part was given: the rest must not come from elsewhere
 */
export function keysOf(secret: (key: string) => string): Keys | undefined {
  const accessKeyId = read(secret, 'accessKeyId')
  const secretAccessKey = read(secret, 'secretAccessKey')
  const sessionToken = read(secret, 'sessionToken')
  if (accessKeyId !== '' && secretAccessKey !== '')
    return { accessKeyId, secretAccessKey, ...(sessionToken === '' ? {} : { sessionToken }) }
  if (accessKeyId + secretAccessKey + sessionToken === '') return undefined
  const missing = Object.entries({ accessKeyId, secretAccessKey }).flatMap(([name, value]) => (value === '' ? [name] : []))
  throw refused(
    `"${missing.join('" and "')}" is missing or empty`,
    'put accessKeyId and secretAccessKey into the Secret, or neither',
  )
}

/** '' when there is none. Files and `echo` leave a line end behind, which is part of no key. */
function read(secret: (key: string) => string, name: string): string {
  let value: string
  try {
    value = secret(name).trim()
  } catch {
    return ''
  }
  if (/[^\x21-\x7e]/.test(value))
    throw refused(`"${name}" holds characters that no key has`, 'put the key alone into the Secret, as it is')
  return value
}

function refused(reason: string, remedy: string): Error {
  return pluginError('UPLOAD_CREDENTIALS', `the credentials cannot be used: ${reason}`, { class: 'config', remedy })
}
