import type { ErrorClass } from './contract/plugin.ts'

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

interface Entry {
  exit: number
  class: ErrorClass
  /** what and why; `{field}` is replaced */
  message: string
  /** what to do; `{field}` is replaced */
  remedy: string
}

const usage = { exit: EXIT.usage, class: 'config' } as const
const missing = { exit: EXIT.notFound, class: 'config' } as const
const taken = { exit: EXIT.conflict, class: 'config' } as const
const failed = { exit: EXIT.failed, class: 'retryable' } as const
const bug = { exit: EXIT.failed, class: 'bug' } as const
const resource = { exit: EXIT.failed, class: 'resource' } as const
const forbidden = { exit: EXIT.forbidden, class: 'permission' } as const
const badly = { exit: EXIT.runFailed, class: 'bug' } as const
const interrupted = { exit: EXIT.interrupted, class: 'resource' } as const

/** Every error that the product itself raises. docs/errors.md is generated from it. */
export const CATALOGUE = {
  // command line
  USAGE_COMMAND_UNKNOWN: {
    ...usage,
    message: 'unknown command "{command}"{hint}',
    remedy: 'run "{program} --help" for the list of commands',
  },
  USAGE_FLAG_UNKNOWN: {
    ...usage,
    message: 'unknown flag "{flag}" for "{command}"{hint}',
    remedy: 'run "{program} {command} --help" for its flags',
  },
  USAGE_FLAG_VALUE: { ...usage, message: 'flag "{flag}" {reason}', remedy: 'run "{program} {command} --help" for what it takes' },
  USAGE_ARGUMENTS: { ...usage, message: '"{command}" {reason}', remedy: 'usage: {usage}' },
  NODE_TOO_OLD: { ...usage, message: 'Node.js {version} is too old', remedy: 'install Node.js {wanted} or newer' },
  CONFIRMATION_NEEDED: { ...usage, message: '{action} cannot be undone', remedy: 'add --yes to go on' },

  // jobs
  JOB_NAME_INVALID: {
    ...usage,
    message: 'job name "{name}" is not valid: {reason}',
    remedy:
      'use 1 to 52 lower-case letters, digits and "-", beginning and ending with a letter or digit, like "nightly-payments"',
  },
  JOB_NAME_TAKEN: {
    ...taken,
    message: 'job "{name}" already exists',
    remedy: 'choose another name, or delete it first with "delete {name} --yes"',
  },
  JOB_NOT_FOUND: { ...missing, message: 'job "{name}" does not exist{hint}', remedy: 'see which jobs there are with "list"' },
  JOB_AMBIGUOUS: { ...usage, message: 'the ids of several jobs begin with "{id}": {names}', remedy: 'use the name of the job' },
  JOB_INVALID: { ...usage, message: '{source}: {issues}', remedy: 'correct the job and check it with: {program} validate FILE' },
  JOB_TOO_LARGE: {
    ...usage,
    message: '{source} is {size} bytes long; a job has at most {limit}',
    remedy: 'keep large specs outside the job',
  },
  JOB_CHANGED: {
    ...taken,
    message: 'job "{name}" was changed by someone else at the same time',
    remedy: 'look at it again and repeat the command',
  },
  SCHEDULE_INVALID: { ...usage, message: 'schedule "{schedule}" is not valid: {reason}', remedy: '{remedy}' },
  TIME_ZONE_INVALID: {
    ...usage,
    message: 'time zone "{zone}" is unknown{hint}',
    remedy: 'use UTC or a name of the IANA time zone database, like Europe/Berlin',
  },
  RUN_NOT_FOUND: { ...missing, message: 'run "{name}" does not exist', remedy: 'see which runs there are with "history JOB"' },
  LOG_NOT_FOUND: { ...missing, message: 'there is no log of {what}', remedy: 'see which runs there are with "history JOB"' },
  RUN_ENDED_BADLY: { ...badly, message: 'run "{run}" ended as {outcome}: {reason}', remedy: '{remedy}' },
  COLLECTED_NOTHING: {
    ...badly,
    message: 'none of the {count} collectors worked: {reason}',
    remedy: 'see support-bundle-schedule/report.json in the bundle',
  },
  WAIT_INTERRUPTED: { ...interrupted, message: 'interrupted while {what} was not done', remedy: '{remedy}' },
  WAIT_TIMED_OUT: {
    exit: EXIT.timedOut,
    class: 'retryable',
    message: '{what} was not done within {seconds} s',
    remedy: '{remedy}',
  },

  // specs
  FILE_NOT_FOUND: { ...missing, message: 'file "{source}" cannot be read: {reason}', remedy: 'check the path' },
  SPEC_INVALID: {
    ...usage,
    message: '{source}: {issues}',
    remedy: 'correct the spec and check it with: {program} validate FILE',
  },
  SPEC_EMPTY: {
    ...usage,
    message: '{source} asks for nothing that can be collected here',
    remedy: 'add an entry under spec.collectors or spec.hostCollectors',
  },

  // store
  STORE_EXISTS: { ...taken, message: '{kind} "{name}" already exists', remedy: 'choose another name' },
  STORE_CONFLICT: {
    ...taken,
    message: '{kind} "{name}" was changed by someone else at the same time',
    remedy: 'read it again and decide again',
  },
  STORE_GONE: {
    ...missing,
    message: '{kind} "{name}" does not exist any more',
    remedy: 'nothing to do if it was deleted on purpose',
  },
  STORE_FORBIDDEN: { ...forbidden, message: '{what}: {reason}', remedy: 'make it readable and writable for this user' },
  STORE_UNAVAILABLE: { ...failed, message: '{what}: {reason}', remedy: 'try again once it is back' },
  STORE_FULL: { ...resource, message: '{what}: no space left on the device', remedy: 'free some space; nothing was lost' },
  STORE_TOO_LARGE: {
    ...resource,
    message: '{kind} "{name}" would be {size} bytes; at most {limit} are allowed',
    remedy: 'make it smaller',
  },
  STORE_FILE_CORRUPT: {
    ...resource,
    message: '{file} is damaged ({reason}) and was moved to {aside}; {restored}',
    remedy: '{remedy}',
  },
  STORE_NEWER: {
    ...usage,
    message: '{what} was written by a newer version (schema {found}, this one knows {known})',
    remedy: 'upgrade this program',
  },
  LEDGER_DAMAGED: {
    ...resource,
    message: 'ledger "{name}" cannot be read: {reason}',
    remedy: 'no slot is run until it can: put a copy of it back, or remove it and a new one is begun',
  },
  RUN_DAMAGED: {
    ...resource,
    message: 'the record of run "{name}" cannot be read: {reason}',
    remedy: 'its slot counts as run; remove the record when it is of no use any more',
  },
  SETTLED_AHEAD: {
    ...resource,
    message: 'slots up to {until} are settled already, by a clock that was ahead: nothing is due before then',
    remedy: 'if the clock is right now, delete the job and create it again',
  },

  // tasks and plug-ins
  TASK_INTERRUPTED: { ...bug, message: 'the task ended without a result ({how}) during {step}', remedy: '{remedy}' },
  TASK_TIMED_OUT: {
    exit: EXIT.timedOut,
    class: 'resource',
    message: 'the task was ended after its {seconds} s, during {step}',
    remedy: 'raise "timeout", or collect less',
  },
  TASK_MEMORY: {
    ...resource,
    message: 'the task was ended at {used} MiB of memory, during {step}; at most {limit} MiB are allowed',
    remedy: 'raise "limits.memory" of the job, or --memory of "collect", or collect less',
  },
  TASK_CANCELLED: { ...interrupted, message: 'the task was cancelled: {reason}', remedy: 'run it again when ready' },
  TASK_PROTOCOL: {
    ...bug,
    message: 'the task program said something that is not understood: {reason}',
    remedy: 'install one version of all parts',
  },
  COLLECTOR_UNKNOWN: {
    ...usage,
    message: 'there is no collector "{key}"{hint}',
    remedy: 'see the collectors with: {program} validate --help',
  },
  COLLECTOR_CONFIG: { ...usage, message: 'collector "{key}": {issues}', remedy: 'correct the entry in the spec' },
  COLLECTOR_PLATFORM: {
    ...usage,
    message: 'collector "{key}" does not work on {platform}',
    remedy: 'leave it out of specs for this machine',
  },
  COLLECTOR_PERMISSION: {
    ...bug,
    message: 'collector "{key}" asked to {verb} {resource}, which its manifest does not declare',
    remedy: 'its author must add it to "permissions"',
  },
  COLLECTOR_FAILED: {
    ...bug,
    message: 'collector "{key}" failed: {reason}',
    remedy: "see the run's log; what it gave before is in the bundle",
  },
  COLLECTOR_TIMED_OUT: {
    ...resource,
    message: 'collector "{key}" did not end in time',
    remedy: 'raise "timeout", or collect less',
  },
  UPLOADER_UNKNOWN: { ...usage, message: 'there is no uploader "{name}"{hint}', remedy: 'use one of: {known}' },
  UPLOADER_CONFIG: { ...usage, message: 'uploader "{name}": {issues}', remedy: 'correct the entry under "upload"' },
  UPLOAD_INVALID: {
    ...usage,
    message: 'upload: {issues}',
    remedy: 'give a URL like file:///mnt/bundles, or leave it out: then bundles stay on this machine',
  },
  UPLOAD_FAILED: { ...failed, message: 'upload with "{name}" failed: {reason}', remedy: '{remedy}' },
  PLUGIN_NOT_LOADED: {
    ...bug,
    message: 'plug-in {path} did not load: {reason}',
    remedy: 'mend or remove it; all others work on',
  },
  OUTPUT_PATH: {
    ...bug,
    message: 'output path "{path}" was refused: {reason}',
    remedy: 'the collector must yield relative paths inside the bundle',
  },
  OUTPUT_REFUSED: { ...bug, message: 'output "{path}" was left out: {reason}', remedy: '{remedy}' },
  REDACTION_FAILED: {
    ...bug,
    message: 'redaction failed: {reason}',
    remedy: 'nothing unredacted was kept; report this with the name of the rule',
  },
  BUNDLE_TOO_LARGE: {
    ...resource,
    message: 'the bundle reached its limit of {limit} bytes; later outputs were left out',
    remedy: 'raise "limits.bundle", or collect less',
  },
  DISK_FULL: {
    ...resource,
    message: 'no space left for {what}',
    remedy: 'free some space in {folder}; the next slot tries again',
  },

  // daemon
  DAEMON_RUNNING: {
    ...taken,
    message: 'a daemon already runs for {folder} (process {pid})',
    remedy: 'stop it first: {program} daemon stop',
  },
  DAEMON_NOT_RUNNING: { ...missing, message: 'no daemon runs for {folder}', remedy: 'start it: {program} daemon start' },
  DAEMON_FORBIDDEN: { ...forbidden, message: 'daemon {pid} belongs to another user', remedy: 'repeat the command as that user' },
  DAEMON_START_FAILED: { ...bug, message: 'the daemon did not start: {reason}', remedy: 'see its log: {log}' },
  PORT_TAKEN: {
    ...taken,
    message: 'port {port} on loopback is in use',
    remedy: 'set another "metricsPort" in {config} (0 = any)',
  },
  PORT_FORBIDDEN: {
    exit: EXIT.forbidden,
    class: 'permission',
    message: 'port {port} may not be opened by this user',
    remedy: 'set "metricsPort" to 1024 or more in {config} (0 = any)',
  },
  CONFIG_INVALID: { ...usage, message: '{file}: {issues}', remedy: 'correct the file; docs/configuration.md lists the keys' },

  // cluster
  KUBECONFIG_MISSING: {
    ...usage,
    message: 'no kubeconfig was found at {path}, and {what} needs one',
    remedy: 'set KUBECONFIG or --kubeconfig, or leave {what} out',
  },
  KUBECONFIG_INVALID: { ...usage, message: 'kubeconfig {path}: {reason}', remedy: 'check it with: kubectl config view' },
  CLUSTER_UNREACHABLE: {
    ...failed,
    message: '{server} cannot be reached: {reason}',
    remedy: 'check the context with: kubectl cluster-info',
  },
  KUBE_CREDENTIALS: { ...forbidden, message: 'no credentials from "{command}": {reason}', remedy: '{remedy}' },
  API_UNAUTHORIZED: {
    ...forbidden,
    message: '{what}: the API server does not know this user: {reason}',
    remedy: 'log in again, or check the user with: kubectl auth whoami',
  },
  API_FORBIDDEN: {
    ...forbidden,
    message: '{what}: {reason}',
    remedy: 'ask an administrator for this right, or check it with: kubectl auth can-i',
  },
  API_NOT_FOUND: { ...missing, message: '{what}: {reason}', remedy: 'check name, namespace and context' },
  API_CONFLICT: { ...taken, message: '{what}: {reason}', remedy: 'look at the object again and repeat the command' },
  API_INVALID: { ...usage, message: '{what}: {reason}', remedy: 'correct what was sent' },
  API_EXPIRED: { ...failed, message: '{what}: {reason}', remedy: 'list again' },
  API_UNAVAILABLE: { ...failed, message: '{what}: {reason}', remedy: 'try again once the API server answers' },
  NOT_SUPPORTED: { ...usage, message: '{what} is not supported by this version', remedy: '{remedy}' },

  INTERNAL: {
    ...bug,
    message: 'something went wrong inside the program: {reason}',
    remedy: 'please report it with the command that you ran',
  },
} as const satisfies Record<string, Entry>
