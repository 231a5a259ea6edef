import { type Entry, EXIT, OF } from './entry.ts'

/** What puts the agent into a cluster, and takes it out again. */
export const INSTALL = {
  CLUSTER_WANTED: {
    ...OF.usage,
    message: 'no kubeconfig was found at {path}, and "{command}" works on a cluster',
    remedy: 'set KUBECONFIG or --kubeconfig',
  },
  APPLY_CONFLICT: {
    ...OF.taken,
    message: '{what}: others own fields that differ: {fields}',
    remedy: 'change them there, or take them over with --force',
  },
  APPLY_FORBIDDEN: {
    ...OF.forbidden,
    message: '{what} cannot be applied: {reason}',
    remedy: 'ask an administrator to run this command, or to apply what it prints with --dry-run=client -o yaml',
  },
  INSTALL_NOT_READY: {
    exit: EXIT.timedOut,
    class: 'retryable',
    message: '{what} is not ready after {seconds} s: {reason}',
    remedy: 'mend that and wait again with: {program} {command} --wait',
  },
  AGENT_NOT_INSTALLED: {
    ...OF.missing,
    message: 'there is no agent in namespace "{namespace}"',
    remedy: 'install it: {program} install',
  },
  NAMESPACE_NOT_FOUND: {
    ...OF.missing,
    message: 'namespace "{namespace}" does not exist',
    remedy: 'create it first: kubectl create namespace {namespace}',
  },
  NAMESPACE_RESERVED: {
    ...OF.usage,
    message: 'namespace "{namespace}" holds the agent and no jobs',
    remedy: 'opt in the namespaces that applications live in',
  },
  OPT_IN_FORBIDDEN: {
    ...OF.forbidden,
    message: 'namespace "{namespace}" cannot be labelled: {reason}',
    remedy: 'only an administrator may: {command}',
  },
} as const satisfies Record<string, Entry>
