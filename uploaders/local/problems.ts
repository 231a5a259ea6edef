import { type ErrorClass, isPluginError, pluginError } from '../../core/contract/index.ts'

interface Treatment {
  code: string
  class: ErrorClass
  /** `{path}` is replaced */
  remedy: string
}

const full = { code: 'UPLOAD_DISK_FULL', class: 'resource' } as const
const denied = { code: 'UPLOAD_DENIED', class: 'permission' } as const
const misplaced = { code: 'UPLOAD_FOLDER_MISSING', class: 'config' } as const
const away = {
  code: 'UPLOAD_DISK_FAILED',
  class: 'retryable',
  remedy: 'see whether the disk or network mount of {path} is healthy',
} as const

/** What an error of the file system means for the host. All others are passed on as they are. */
const TREATMENTS: Record<string, Treatment> = {
  ENOSPC: { ...full, remedy: 'free some space on the file system of {path}, or keep fewer bundles' },
  EDQUOT: { ...full, remedy: 'raise the quota of the user that runs this, or keep fewer bundles in {path}' },
  EFBIG: { ...full, remedy: 'choose a file system that takes files of this size' },
  EACCES: { ...denied, remedy: 'make {path} writable for the user that runs this' },
  EPERM: { ...denied, remedy: 'make {path} writable for the user that runs this' },
  EROFS: { ...denied, remedy: 'mount the file system of {path} for writing' },
  ENOENT: { ...misplaced, remedy: 'create the folder {path}, or mount what belongs there' },
  ENOTDIR: { ...misplaced, remedy: 'let "path" name a folder; {path} is none' },
  EIO: away,
  ESTALE: away,
  EBUSY: away,
  ETIMEDOUT: away,
  ENOTCONN: away,
  EHOSTDOWN: away,
  EMFILE: { code: 'UPLOAD_DISK_FAILED', class: 'retryable', remedy: 'raise the limit of open files' },
}

/** The error as the host understands it: with a class and, where something can be done, a remedy. */
export function asUploadError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || isPluginError(error) || !('code' in error)) return error
  const treatment = TREATMENTS[String(error.code)]
  if (treatment === undefined) return error
  const { code, remedy, ...rest } = treatment
  return pluginError(code, error.message, { ...rest, remedy: remedy.replaceAll('{path}', path), cause: error })
}
