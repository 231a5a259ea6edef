import { type Entry, OF } from './entry.ts'

/** The API server, and what stands for no case. */
export const CLUSTER = {
  KUBECONFIG_MISSING: {
    ...OF.usage,
    message: 'no kubeconfig was found at {path}, and {what} needs one',
    remedy: 'set KUBECONFIG or --kubeconfig; to work on this computer without a cluster, add --local',
  },
  KUBECONFIG_INVALID: { ...OF.usage, message: 'kubeconfig {path}: {reason}', remedy: 'check it with: kubectl config view' },
  CLUSTER_UNREACHABLE: {
    ...OF.failed,
    message: '{server} cannot be reached: {reason}',
    remedy: 'check the context with: kubectl cluster-info',
  },
  KUBE_CREDENTIALS: { ...OF.forbidden, message: 'no credentials from "{command}": {reason}', remedy: '{remedy}' },
  API_UNAUTHORIZED: {
    ...OF.forbidden,
    message: '{what}: the API server does not know this user: {reason}',
    remedy: 'log in again, or check the user with: kubectl auth whoami',
  },
  API_FORBIDDEN: {
    ...OF.forbidden,
    message: '{what}: {reason}',
    remedy: 'ask an administrator for this right, or check it with: kubectl auth can-i',
  },
  API_NOT_FOUND: { ...OF.missing, message: '{what}: {reason}', remedy: 'check name, namespace and context' },
  API_CONFLICT: { ...OF.taken, message: '{what}: {reason}', remedy: 'look at the object again and repeat the command' },
  API_INVALID: { ...OF.usage, message: '{what}: {reason}', remedy: 'correct what was sent' },
  API_EXPIRED: { ...OF.failed, message: '{what}: {reason}', remedy: 'list again' },
  API_UNAVAILABLE: { ...OF.failed, message: '{what}: {reason}', remedy: 'try again once the API server answers' },
  POD_PORT_UNREACHABLE: {
    ...OF.failed,
    message: 'port {port} of pod "{pod}" cannot be reached: {reason}',
    remedy: 'check the pod with: kubectl describe pod -n {namespace} {pod}',
  },
  EXEC_FAILED: {
    ...OF.failed,
    message: 'a command in pod "{pod}" could not be run to its end: {reason}',
    remedy: 'check the pod with: kubectl describe pod -n {namespace} {pod}',
  },
  NOT_SUPPORTED: { ...OF.usage, message: '{what} is not supported by this version', remedy: '{remedy}' },

  INTERNAL: {
    ...OF.bug,
    message: 'something went wrong inside the program: {reason}',
    remedy: 'please report it with the command that you ran',
  },
} as const satisfies Record<string, Entry>
