import type { ErrorClass } from '../contract/plugin.ts'

/** Exit codes of the CLI; the list is part of its interface. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  forbidden: 5,
  timedOut: 6,
  runFailed: 7,
  interrupted: 130,
} as const

export interface Entry {
  exit: number
  class: ErrorClass
  /** what and why; `{field}` is replaced */
  message: string
  /** what to do; `{field}` is replaced */
  remedy: string
}

/** What the entries of one kind have in common. */
export const OF = {
  usage: { exit: EXIT.usage, class: 'config' },
  missing: { exit: EXIT.notFound, class: 'config' },
  taken: { exit: EXIT.conflict, class: 'config' },
  failed: { exit: EXIT.failed, class: 'retryable' },
  bug: { exit: EXIT.failed, class: 'bug' },
  resource: { exit: EXIT.failed, class: 'resource' },
  forbidden: { exit: EXIT.forbidden, class: 'permission' },
  badly: { exit: EXIT.runFailed, class: 'bug' },
  interrupted: { exit: EXIT.interrupted, class: 'resource' },
} as const
