import { type Entry, EXIT, OF } from './entry.ts'

/** Tasks and plug-ins. */
export const TASKS = {
  TASK_INTERRUPTED: { ...OF.bug, message: 'the task ended without a result ({how}) during {step}', remedy: '{remedy}' },
  TASK_TIMED_OUT: {
    exit: EXIT.timedOut,
    class: 'resource',
    message: 'the task was ended after its {seconds} s, during {step}',
    remedy: 'raise "timeout", or collect less',
  },
  TASK_MEMORY: {
    ...OF.resource,
    message: 'the task was ended at {used} MiB of memory, during {step}; at most {limit} MiB are allowed',
    remedy: 'raise "limits.memory" of the job, or --memory of "collect", or collect less',
  },
  TASK_CANCELLED: { ...OF.interrupted, message: 'the task was cancelled: {reason}', remedy: 'run it again when ready' },
  TASK_PROTOCOL: {
    ...OF.bug,
    message: 'the task program said something that is not understood: {reason}',
    remedy: 'install one version of all parts',
  },
  SPEC_SOURCE: { ...OF.failed, message: 'the spec {source} cannot be read: {reason}', remedy: '{remedy}' },
  SPEC_URL_REFUSED: {
    ...OF.forbidden,
    message: 'the spec {url} is not fetched: its address is not allowed',
    remedy: 'put the spec into the job or a ConfigMap; an administrator can allow addresses by "specUrls" in the agent\'s config',
  },
  COLLECTOR_UNKNOWN: {
    ...OF.usage,
    message: 'there is no collector "{key}"{hint}',
    remedy: 'see the collectors with: {program} validate --help',
  },
  COLLECTOR_CONFIG: { ...OF.usage, message: 'collector "{key}": {issues}', remedy: 'correct the entry in the spec' },
  COLLECTOR_PLATFORM: {
    ...OF.usage,
    message: 'collector "{key}" does not work on {platform}',
    remedy: 'leave it out of specs for this machine',
  },
  CLUSTER_NEEDED: {
    ...OF.usage,
    message: 'collector "{key}" needs a cluster, and this run has none: no kubeconfig was found',
    remedy: 'set KUBECONFIG or --kubeconfig, or mark the entry with "exclude: true"',
  },
  COLLECTOR_PERMISSION: {
    ...OF.bug,
    message: 'collector "{key}" asked to {verb} {resource}, which its manifest does not declare',
    remedy: 'its author must add it to "permissions"',
  },
  COLLECTOR_FAILED: {
    ...OF.bug,
    message: 'collector "{key}" failed: {reason}',
    remedy: "see the run's log; what it gave before is in the bundle",
  },
  COLLECTOR_TIMED_OUT: {
    ...OF.resource,
    message: 'collector "{key}" did not end in time',
    remedy: 'raise "timeout", or collect less',
  },
  UPLOADER_UNKNOWN: { ...OF.usage, message: 'there is no uploader "{name}"{hint}', remedy: 'use one of: {known}' },
  UPLOADER_CONFIG: { ...OF.usage, message: 'uploader "{name}": {issues}', remedy: 'correct the entry under "upload"' },
  UPLOAD_INVALID: {
    ...OF.usage,
    message: 'upload: {issues}',
    remedy: 'give a URL like file:///mnt/bundles, or leave it out: then bundles stay on this machine',
  },
  SWEEP_FAILED: {
    ...OF.failed,
    message: 'what earlier runs may have left in the cluster was not removed: {reason}',
    remedy: 'look for it with: kubectl get pods -A -l support-bundle-schedule.io/run',
  },
  POD_REFUSED: {
    ...OF.forbidden,
    message: 'no pod with {what} is created for a run',
    remedy: "leave it out, or allow it in the agent's config: podTokens",
  },
  OBJECT_LEFT: {
    ...OF.failed,
    message: 'the {kind} "{name}" that this run created in namespace "{namespace}" may still be there: {reason}',
    remedy: 'remove it: kubectl delete {kind} -n {namespace} {name}',
  },
  HOST_REFUSED: {
    ...OF.forbidden,
    message: 'collector "{key}" looks at a machine, and jobs of this namespace may not look at nodes',
    remedy:
      'leave it out, or run the spec on that machine: {program} collect; an administrator allows a namespace by "hosts" in the agent\'s config',
  },
  HOSTS_UNAVAILABLE: {
    ...OF.forbidden,
    message: 'no node can be looked at: {reason}',
    remedy: 'let pods of host collectors run: {program} install --with host-access',
  },
  HOST_POD_FAILED: {
    ...OF.resource,
    message: 'it cannot be looked at: {reason}',
    remedy:
      'look at the node, and at: kubectl get events -n {namespace}; the image of these pods is "hostImage" of the agent\'s config, or --host-image',
  },
  DISK_QUOTA: {
    ...OF.resource,
    message: 'bundles take {used} MiB, and {limit} MiB are allowed',
    remedy: 'see why they are not delivered, keep fewer by "retention", or raise "maxDiskSpaceMB" in the config',
  },
  UPLOADER_REFUSED: {
    ...OF.forbidden,
    message: 'jobs of this cluster may not upload with "{name}"',
    remedy: 'use another one; an administrator can allow it under "uploaders" in the agent\'s config',
  },
  ADDRESS_REFUSED: {
    ...OF.usage,
    message: 'a job may not connect to {address}',
    remedy: 'name another host; in a cluster an administrator can allow it under "networks" in the agent\'s config',
  },
  HTTP_REQUEST: {
    ...OF.usage,
    message: 'the request to {origin} cannot be sent: {reason}',
    remedy: 'correct the entry in the spec',
  },
  HTTP_NO_ANSWER: { ...OF.failed, message: 'no answer from {origin}: {reason}', remedy: 'check the address and the network' },
  HTTP_TIMED_OUT: {
    ...OF.failed,
    message: 'no whole answer from {origin} within {seconds} s',
    remedy: 'check the address and the network, or raise "timeout" of the entry',
  },
  SECRET_WITHHELD: {
    ...OF.forbidden,
    message: '{what} is not collected: the agent works with it for jobs of this namespace',
    remedy: 'leave it out; what a bundle shall show belongs into a Secret of its own',
  },
  DELIVERY_LOST: {
    ...OF.failed,
    message: 'the bundle of {run} was gone from this machine before it was delivered with "{name}"',
    remedy: 'the next run makes a new one; "run" makes one now',
  },
  UPLOAD_FAILED: { ...OF.failed, message: 'upload with "{name}" failed: {reason}', remedy: '{remedy}' },
  PLUGIN_NOT_LOADED: {
    ...OF.bug,
    message: 'plug-in {path} did not load: {reason}',
    remedy: 'mend or remove it; all others work on',
  },
  OUTPUT_PATH: {
    ...OF.bug,
    message: 'output path "{path}" was refused: {reason}',
    remedy: 'the collector must yield relative paths inside the bundle',
  },
  OUTPUT_REFUSED: { ...OF.bug, message: 'output "{path}" was left out: {reason}', remedy: '{remedy}' },
  REDACTION_FAILED: {
    ...OF.bug,
    message: 'redaction failed: {reason}',
    remedy: 'nothing unredacted was kept; report this with the name of the rule',
  },
  BUNDLE_NOT_READ: {
    ...OF.usage,
    message: 'the bundle {path} cannot be read: {reason}',
    remedy: 'name a support bundle: its tar.gz, or the folder that it was unpacked to',
  },
  ANALYZERS_MISSING: {
    ...OF.usage,
    message: '{what} has no analyzers',
    remedy: 'name a spec that has some: {program} analyze BUNDLE --spec FILE',
  },
  BUNDLE_TOO_LARGE: {
    ...OF.resource,
    message: 'the bundle reached its limit of {limit} bytes; later outputs were left out',
    remedy: 'raise "limits.bundle", or collect less',
  },
  DISK_FULL: {
    ...OF.resource,
    message: 'no space left for {what}',
    remedy: 'free some space in {folder}; the next slot tries again',
  },
} as const satisfies Record<string, Entry>
