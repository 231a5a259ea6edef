import { dirname } from 'node:path'
import { fail, type ProductError, reasonOf } from '../../core/errors.ts'

/** Ends the whole run: what follows it could be incomplete without a word, or unredacted. */
export class Fatal extends Error {
  readonly failure: ProductError
  constructor(failure: ProductError) {
    super(failure.message, { cause: failure })
    this.failure = failure
  }
}

/** A file of ours that cannot be written: DISK_FULL when there is no space, else STORE_UNAVAILABLE. */
export function cannotWrite(what: string, file: string, error: unknown): Fatal {
  if (error instanceof Fatal) return error
  const code = (error as NodeJS.ErrnoException | null | undefined)?.code
  if (code === 'ENOSPC' || code === 'EDQUOT') return new Fatal(fail('DISK_FULL', { what, folder: dirname(file) }, error))
  return new Fatal(fail('STORE_UNAVAILABLE', { what: `${what} cannot be written`, reason: reasonOf(error) }, error))
}
