import { type Entry, OF } from './entry.ts'

/** The store. */
export const STORE = {
  STORE_EXISTS: { ...OF.taken, message: '{kind} "{name}" already exists', remedy: 'choose another name' },
  STORE_CONFLICT: {
    ...OF.taken,
    message: '{kind} "{name}" was changed by someone else at the same time',
    remedy: 'read it again and decide again',
  },
  STORE_GONE: {
    ...OF.missing,
    message: '{kind} "{name}" does not exist any more',
    remedy: 'nothing to do if it was deleted on purpose',
  },
  STORE_FORBIDDEN: { ...OF.forbidden, message: '{what}: {reason}', remedy: 'make it readable and writable for this user' },
  STORE_UNAVAILABLE: { ...OF.failed, message: '{what}: {reason}', remedy: 'try again once it is back' },
  STORE_FULL: { ...OF.resource, message: '{what}: no space left on the device', remedy: 'free some space; nothing was lost' },
  STORE_TOO_LARGE: {
    ...OF.resource,
    message: '{kind} "{name}" would be {size} bytes; at most {limit} are allowed',
    remedy: 'make it smaller',
  },
  STORE_FILE_CORRUPT: {
    ...OF.resource,
    message: '{file} is damaged ({reason}) and was moved to {aside}; {restored}',
    remedy: '{remedy}',
  },
  STORE_NAME_TAKEN: {
    ...OF.taken,
    message: '{what}: there is something else of this name, which is not ours',
    remedy: 'rename or remove it; nothing that lacks our label, or is of another kind, is ever touched',
  },
  CLAIM_REFUSED: {
    ...OF.resource,
    message: 'the store refused the record of run "{run}", so its slot was not run',
    remedy: 'see whether the quota of the namespace is used up, an admission rule forbids it, or something else has this name',
  },
  STORE_NEWER: {
    ...OF.usage,
    message: '{what} was written by a newer version (schema {found}, this one knows {known})',
    remedy: 'upgrade this program',
  },
  LEDGER_DAMAGED: {
    ...OF.resource,
    message: 'ledger "{name}" cannot be read: {reason}',
    remedy: 'no slot is run until it can: put a copy of it back, or remove it and a new one is begun',
  },
  RUN_DAMAGED: {
    ...OF.resource,
    message: 'the record of run "{name}" cannot be read: {reason}',
    remedy: 'its slot counts as run; remove the record when it is of no use any more',
  },
  SETTLED_AHEAD: {
    ...OF.resource,
    message: 'slots up to {until} are settled already, by a clock that was ahead: nothing is due before then',
    remedy: 'if the clock is right now, delete the job and create it again',
  },
} as const satisfies Record<string, Entry>
