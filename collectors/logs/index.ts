import {
  type CollectorContext,
  CONTRACT,
  containersOf,
  defineCollector,
  indentedJson,
  logPath,
  type LogSource,
  missing,
  type RawObject,
  reasonLine,
} from '../../core/contract/index.ts'
import { limitsOf } from './limits.ts'
import { LogsConfig } from './schema.ts'
import { fits } from './selector.ts'

export default defineCollector<LogsConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'logs',
    version: '1.0.0',
    summary: 'logs of pods, also those of the time before a restart',
    specKey: 'logs',
    permissions: [
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
    ],
    outputs: ['cluster-resources/pods/logs', '$name'],
  },
  configSchema: LogsConfig,
  async *collect(context) {
    const { config, kube, signal } = context
    signal.throwIfAborted()
    const limits = limitsOf(config, context)
    const problems: unknown[] = []
    try {
      for await (const pod of podsOf(context, (problem) => problems.push(problem)))
        for (const source of sourcesIn(pod, config)) {
          const waiting = containersOf(pod).waiting.get(source.container)
          if (waiting !== undefined) {
            yield indentedJson(errorsOf(config, source), [
              `container "${source.container}" in pod "${source.name}" is waiting to start: ${waiting}`,
            ])
            continue
          }
          const links = [linkOf(config, source)]
          const body = kube.logs(source, limits)
          const instead = (reason: string) => indentedJson(errorsOf(config, source), [reason])
          yield { type: 'file', path: logPath(source), links, format: 'text', body, ...(source.previous ? {} : { instead }) }
        }
    } catch (error) {
      problems.push(error)
    }
    signal.throwIfAborted()
    if (problems.length === 0) return
    yield indentedJson(underName(config.name || config.collectorName || '', 'errors.json'), problems.map(reasonLine))
    yield missing('LOGS_MISSING', `pods could not be listed: ${reasonLine(problems[0])}`, problems)
  },
  logWish(context, source) {
    const { config, namespaces } = context
    const { namespace, container, object } = source
    const places = config.namespace ? [config.namespace] : namespaces
    const isPlace = places.includes('*') || places.includes(namespace)
    const isNamed = config.containerNames.length === 0 || config.containerNames.includes(container)
    const { labels = {} } = (object?.json['metadata'] ?? {}) as { labels?: Record<string, string> }
    if (!isPlace || !isNamed || (config.selector?.length && !(object && fits(config.selector, labels)))) return undefined
    return { limits: limitsOf(config, context), links: [linkOf(config, source)] }
  },
})

/** All pods that the entry means; what could not be listed is told, and the rest still comes. */
async function* podsOf(
  { config, kube, namespaces }: CollectorContext<LogsConfig>,
  tell: (problem: unknown) => void,
): AsyncGenerator<RawObject> {
  const places = config.namespace ? [config.namespace] : namespaces.includes('*') ? [undefined] : namespaces
  for (const namespace of places) {
    try {
      yield* kube.pods({ selector: config.selector ?? [], ...(namespace === undefined ? {} : { namespace }) })
    } catch (error) {
      tell(error)
    }
  }
}

/** The logs that a pod has: of each container that was named, and of its life before the last restart if there was one. */
function sourcesIn(object: RawObject, { containerNames }: LogsConfig): LogSource[] {
  const { namespace, name, containers, restarted } = containersOf(object)
  const wanted = containerNames.length > 0 ? containerNames : containers
  return wanted.flatMap((container) => {
    const source = { namespace, name, container, object }
    return restarted.has(container) ? [source, { ...source, previous: true }] : [source]
  })
}

const underName = (name: string, rest: string) => [...name.split('/'), rest].filter((part) => part !== '').join('/')

function linkOf({ name }: LogsConfig, { name: pod, container, previous }: LogSource): string {
  return underName(name, `${pod}/${container}${previous ? '-previous' : ''}.log`)
}

function errorsOf({ name }: LogsConfig, { name: pod, container }: LogSource): string {
  return underName(name, `${pod}/${container}-errors.json`)
}
