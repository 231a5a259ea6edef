import { type Entry, EXIT, OF } from './entry.ts'

/** Jobs, runs and specs. */
export const JOBS = {
  JOB_NAME_INVALID: {
    ...OF.usage,
    message: 'job name "{name}" is not valid: {reason}',
    remedy:
      'use 1 to 52 lower-case letters, digits and "-", beginning and ending with a letter or digit, like "nightly-payments"',
  },
  JOB_NAME_TAKEN: {
    ...OF.taken,
    message: 'job "{name}" already exists',
    remedy: 'choose another name, or delete it first with "delete {name} --yes"',
  },
  JOB_NOT_FOUND: { ...OF.missing, message: 'job "{name}" does not exist{hint}', remedy: 'see which jobs there are with "list"' },
  JOB_AMBIGUOUS: {
    ...OF.usage,
    message: 'the ids of several jobs begin with "{id}": {names}',
    remedy: 'use the name of the job',
  },
  JOB_INVALID: {
    ...OF.usage,
    message: '{source}: {issues}',
    remedy: 'correct the job and check it with: {program} validate FILE',
  },
  JOB_TOO_LARGE: {
    ...OF.usage,
    message: '{source} is {size} bytes long; a job has at most {limit}',
    remedy: 'keep large specs outside the job',
  },
  JOB_CHANGED: {
    ...OF.taken,
    message: 'job "{name}" was changed by someone else at the same time',
    remedy: 'look at it again and repeat the command',
  },
  SCHEDULE_INVALID: { ...OF.usage, message: 'schedule "{schedule}" is not valid: {reason}', remedy: '{remedy}' },
  TIME_ZONE_INVALID: {
    ...OF.usage,
    message: 'time zone "{zone}" is unknown{hint}',
    remedy: 'use UTC or a name of the IANA time zone database, like Europe/Berlin',
  },
  RUN_NOT_FOUND: { ...OF.missing, message: 'run "{name}" does not exist', remedy: 'see which runs there are with "history JOB"' },
  LOG_NOT_FOUND: { ...OF.missing, message: 'there is no log of {what}', remedy: 'see which runs there are with "history JOB"' },
  BUNDLE_NOT_MADE: {
    ...OF.missing,
    message: 'run "{run}" has no bundle: {reason}',
    remedy: 'see how it went with "history {job}"',
  },
  BUNDLE_NOT_KEPT: { ...OF.missing, message: 'the bundle of run "{run}" is not kept here: {reason}', remedy: '{remedy}' },
  BUNDLE_DAMAGED: {
    ...OF.failed,
    message: 'the bundle of run "{run}" is not the one that was recorded: {reason}',
    remedy: 'try again; nothing was written',
  },
  RUN_ENDED_BADLY: { ...OF.badly, message: 'run "{run}" ended as {outcome}: {reason}', remedy: '{remedy}' },
  COLLECTED_NOTHING: {
    ...OF.badly,
    message: 'none of the {count} collectors worked: {reason}',
    remedy: 'see support-bundle-schedule/report.json in the bundle',
  },
  WAIT_INTERRUPTED: { ...OF.interrupted, message: 'interrupted while {what} was not done', remedy: '{remedy}' },
  WAIT_TIMED_OUT: {
    exit: EXIT.timedOut,
    class: 'retryable',
    message: '{what} was not done within {seconds} s',
    remedy: '{remedy}',
  },
  FILE_NOT_FOUND: { ...OF.missing, message: 'file "{source}" cannot be read: {reason}', remedy: 'check the path' },
  SPEC_INVALID: {
    ...OF.usage,
    message: '{source}: {issues}',
    remedy: 'correct the spec and check it with: {program} validate FILE',
  },
  SPEC_EMPTY: {
    ...OF.usage,
    message: '{source} asks for nothing that can be collected here',
    remedy: 'add an entry under spec.collectors or spec.hostCollectors',
  },
} as const satisfies Record<string, Entry>
