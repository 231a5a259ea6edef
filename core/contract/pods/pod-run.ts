import { indentedJson, missing, ownNamespace, reasonLine } from '../cluster-source.ts'
import type { CollectorContext, Permission, RawObject } from '../collector.ts'
import { eventsOf, type OwnedPod, ownPod, type PodOutcome, type PullSecret, pullSecretOf, waitForPod } from './owned-pod.ts'
import type { FileOutput, Output } from '../plugin.ts'
import { containersOf, logPath } from '../pod-logs.ts'

/** An entry that runs one pod to its end. */
export interface PodRunConfig {
  name: string
  collectorName?: string | undefined
  namespace: string
  /** ms; 0 = none */
  timeout: number
  imagePullSecret?: PullSecret | null | undefined
  allowImagePullRetries?: boolean
}

/** What running pods takes of the API server. */
export const POD_PERMISSIONS: Permission[] = [
  { apiGroups: [''], resources: ['pods'], verbs: ['create', 'list', 'delete'], why: 'a pod of its own, removed at the end' },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['events'], verbs: ['list'], why: 'why a pod does not run' },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'list', 'delete'], why: 'only for imagePullSecret.data' },
]

/** Those of the peer: a pod may print without end. */
const LOG_LIMITS = { maxLines: 10_000, maxBytes: 5_000_000 }
const LABELS = { 'troubleshoot-role': 'run-collector' }

/** Names of an entry: its pod is named as the peer does it, its files are as if the pod had that very name. */
function namesOf({ name, collectorName }: PodRunConfig) {
  const pod = collectorName || name || 'run-pod'
  const file = name || pod
  return { pod, file: `${file}/${file.split('/').at(-1)}`, link: [name, pod].filter((part) => part !== '').join('/') }
}

/**
 * Creates the pod of an entry, waits for its end, and gives its logs, status and events. What came before it failed stays.
 *
 * @throws POD_NOT_RUN when it did not come to its end, once all that there is was given
 */
export async function* podRun(
  context: CollectorContext<PodRunConfig>,
  spec: Record<string, unknown>,
  annotations: Record<string, string> = {},
): AsyncGenerator<Output> {
  const { config, signal } = context
  signal.throwIfAborted()
  const names = namesOf(config)
  let pod: OwnedPod
  let outcome: PodOutcome
  try {
    pod = await created(context, spec, annotations)
    const { timeout: timeoutMs, allowImagePullRetries = false } = config
    outcome = await waitForPod(context, pod, { until: 'ended', timeoutMs, allowImagePullRetries })
  } catch (error) {
    signal.throwIfAborted()
    yield indentedJson(`${names.file}-errors.json`, [reasonLine(error)])
    return yield missing('POD_NOT_RUN', `pod ${names.pod}: ${reasonLine(error)}`, [error])
  }
  for (const container of outcome.state?.begun ?? []) yield logOf(context, pod, outcome, container)
  // The spec may hold what is secret: variables, arguments, volumes.
  if (outcome.pod) yield indentedJson(`${names.file}.json`, { ...outcome.pod.json, spec: { containers: null } })
  yield* eventFile(context, pod)
  signal.throwIfAborted()
  if (outcome.failure) throw outcome.failure
}

async function created(
  { config, kube, ...where }: CollectorContext<PodRunConfig>,
  spec: Record<string, unknown>,
  annotations: Record<string, string>,
): Promise<OwnedPod> {
  const namespace = ownNamespace(where, config.namespace)
  const secret = await pullSecretOf(kube, namespace, config.imagePullSecret)
  const { imagePullSecrets } = spec
  const secrets = [...(Array.isArray(imagePullSecrets) ? (imagePullSecrets as object[]) : []), ...(secret ? [secret] : [])]
  const metadata = { name: podName(namesOf(config).pod), namespace, labels: LABELS, annotations }
  return ownPod(kube, metadata, { ...spec, ...(secrets.length > 0 ? { imagePullSecrets: secrets } : {}) })
}

/** Made fit for an object's name: users name entries freely. */
export function podName(name: string): string {
  const fit = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
  return fit.slice(0, 50) || 'pod'
}

/** The first container has the link that the peer gives it, others one in a folder. */
function logOf(
  { config, kube }: CollectorContext<PodRunConfig>,
  pod: OwnedPod,
  { pod: object }: PodOutcome,
  container: string,
): FileOutput {
  const { file, link, pod: name } = namesOf(config)
  const first = object && containersOf(object).containers[0]
  const source = { ...pod, container, ...(object ? { object } : {}) }
  return {
    type: 'file',
    path: logPath({ ...source, name: podName(name) }),
    links: [container === first ? `${link}.log` : `${link}/${container}.log`],
    format: 'text',
    body: kube.logs(source, LOG_LIMITS),
    instead: (reason) => indentedJson(`${file}-${container}-log-errors.json`, [reason]),
  }
}

async function* eventFile({ config, kube, signal }: CollectorContext<PodRunConfig>, pod: OwnedPod): AsyncGenerator<Output> {
  let events: RawObject[]
  try {
    events = await eventsOf(kube, pod)
  } catch (error) {
    signal.throwIfAborted()
    return yield missing('EVENTS_MISSING', `events of pod ${pod.namespace}/${pod.name}: ${reasonLine(error)}`, [error])
  }
  const items = events.map(({ json }) => json)
  yield indentedJson(`${namesOf(config).file}-events.json`, { metadata: {}, items })
}
