import { type Entry, EXIT, OF } from './entry.ts'

/** The agent and its config. */
export const AGENT = {
  DAEMON_RUNNING: {
    ...OF.taken,
    message: 'a daemon already runs for {folder} (process {pid})',
    remedy: 'stop it first: {program} daemon stop',
  },
  DAEMON_NOT_RUNNING: { ...OF.missing, message: 'no daemon runs for {folder}', remedy: 'start it: {program} daemon start' },
  DAEMON_FORBIDDEN: {
    ...OF.forbidden,
    message: 'daemon {pid} belongs to another user',
    remedy: 'repeat the command as that user',
  },
  DAEMON_START_FAILED: { ...OF.bug, message: 'the daemon did not start: {reason}', remedy: 'see its log: {log}' },
  PORT_TAKEN: {
    ...OF.taken,
    message: 'port {port} is in use',
    remedy: 'set another "{key}" in {config} (0 = any)',
  },
  PORT_FORBIDDEN: {
    exit: EXIT.forbidden,
    class: 'permission',
    message: 'port {port} may not be opened by this user',
    remedy: 'set "{key}" to 1024 or more in {config} (0 = any)',
  },
  TENANT_INCOMPLETE: {
    ...OF.forbidden,
    message: 'namespace "{namespace}" cannot be served: {what}',
    remedy: 'make what it lacks: {program} install namespace {namespace}',
  },
  AGENT_RIGHTS: {
    ...OF.forbidden,
    message: 'the agent lacks rights of its own: {reason}',
    remedy: 'give them back: {program} install',
  },
  CONFIG_INVALID: { ...OF.usage, message: '{file}: {issues}', remedy: 'correct the file; docs/configuration.md lists the keys' },
  AGENT_NOT_FOUND: {
    ...OF.missing,
    message: 'no agent runs in namespace "{namespace}"',
    remedy: 'look at its pods: kubectl get pods -n {namespace}; put one there: {program} install',
  },
  AGENT_FORBIDDEN: {
    ...OF.forbidden,
    message: 'this user may not reach the agent: {reason}',
    remedy:
      'in namespace {namespace} it takes "list" on pods, "get" and "create" on pods/portforward, and "create" on serviceaccounts/token of {account}',
  },
  AGENT_VIEWER_MISSING: {
    ...OF.missing,
    message: 'there is no ServiceAccount "{account}" in namespace "{namespace}", whose token opens the API of the agent',
    remedy: 'an administrator can add it: {program} install --with viewer',
  },
  AGENT_REFUSED: { ...OF.forbidden, message: 'the agent in pod "{pod}" refused: {reason}', remedy: '{remedy}' },
  AGENT_UNREACHABLE: { ...OF.failed, message: 'the agent in pod "{pod}" gave no answer: {reason}', remedy: '{remedy}' },
} as const satisfies Record<string, Entry>
