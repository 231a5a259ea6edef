import type { KubeClient } from '../../core/kube/client.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import { API_VERSION, jobOf, type Kind, LABEL_KIND } from '../../core/names.ts'
import { decodeRun, type Run } from '../../core/run.ts'

/** A ConfigMap as the server has it. */
export interface ConfigMapObject {
  metadata: {
    name: string
    namespace: string
    uid: string
    resourceVersion: string
    creationTimestamp: string
    labels?: Record<string, string>
  }
  data?: Record<string, string>
  immutable?: boolean
}

/** The ConfigMaps of one namespace, as their user handles them with kubectl. */
export function configMapsOf(client: KubeClient, namespace: string) {
  const path = (name = '') => `/api/v1/namespaces/${namespace}/configmaps${name ? `/${name}` : ''}`
  const list = async (kind: Kind) =>
    ((await client.json({ path: path(), query: { labelSelector: `${LABEL_KIND}=${kind}` } })) as { items: ConfigMapObject[] })
      .items
  return {
    namespace,
    list,
    /** any ConfigMap; `kind` becomes our label */
    async create(name: string, kind: Kind | undefined, rest: object): Promise<ConfigMapObject> {
      const body = { metadata: { name, ...(kind ? { labels: { [LABEL_KIND]: kind } } : {}) }, ...rest }
      return (await client.json({ method: 'POST', path: path(), body })) as ConfigMapObject
    },
    async get(name: string): Promise<ConfigMapObject | undefined> {
      try {
        return (await client.json({ path: path(name) })) as ConfigMapObject
      } catch (error) {
        if (isStatus(error, 404)) return undefined
        throw error
      }
    },
    remove: (name: string) => client.json({ method: 'DELETE', path: path(name) }),
    /** asks for a run now */
    request: (job: string, id: string) =>
      configMapsOf(client, namespace).create(`${job}.request.${id}`, 'request', {
        data: { 'request.json': JSON.stringify({ schema: 1, action: 'run', requestedAt: '2026-11-24T00:00:00Z' }) },
      }),
    /** of all jobs, or of one; records of other jobs may be garbage then */
    async runs(job?: string): Promise<{ name: string; object: ConfigMapObject; run: Run }[]> {
      const objects = (await list('run')).filter(({ metadata }) => job === undefined || jobOf(metadata.name) === job)
      return objects.map((object) => ({ name: object.metadata.name, object, run: decodeRun(object.data?.['run.json'] ?? '') }))
    },
    async runsOf(job: string): Promise<Run[]> {
      return (await this.runs(job)).map(({ run }) => run)
    },
  }
}
export type ConfigMaps = ReturnType<typeof configMapsOf>

/** The data of a job that costs next to nothing to run. */
export function cheapJob(schedule: string, more: object = {}): { data: Record<string, string> } {
  const inline = {
    apiVersion: 'troubleshoot.sh/v1beta2',
    kind: 'SupportBundle',
    metadata: { name: 'cheap' },
    spec: { collectors: [{ data: { collectorName: 'hello.txt', data: 'hello' } }] },
  }
  const job = { apiVersion: API_VERSION, schedule, collect: { specs: [{ inline }] }, analyze: false, ...more }
  return { data: { 'job.yaml': JSON.stringify(job) } }
}

const MINUTE_MS = 60_000

/** The next full minute that is at least `leastMs` away. */
export const nextMinute = (now: Date, leastMs: number): Date =>
  new Date(Math.ceil((now.getTime() + leastMs) / MINUTE_MS) * MINUTE_MS)

/** Of an instant's hour and day, for cron: due once in a day. */
export const onceAt = (...at: Date[]): string =>
  `${at.map((slot) => slot.getUTCMinutes()).join(',')} ${[...new Set(at.map((slot) => slot.getUTCHours()))].join(',')} * * *`
