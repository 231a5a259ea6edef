import { type JobSpec, readJob } from '../../core/job.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { createConfigMapStore } from '../../core/store/config-map-store.ts'
import type { Stored } from '../../core/store/store.ts'
import { parseYaml } from '../../core/yaml.ts'

export interface JobOf {
  stored: Stored
  /** undefined: it cannot be read */
  spec: JobSpec | undefined
}

/** The jobs of a namespace, as far as they can be read. */
export async function jobsOf(client: KubeClient, namespace: string): Promise<JobOf[]> {
  const jobs: JobOf[] = []
  const store = createConfigMapStore({ client, onProblem: () => undefined })
  for await (const stored of store.list('job', namespace)) {
    const { value, issues } = parseYaml(stored.text)
    jobs.push({ stored, spec: issues.length > 0 ? undefined : readJob(value).spec })
  }
  return jobs
}

/** The Secrets that a job delivers with, and those that its specs are read from. */
export const secretsOf = (spec: JobSpec | undefined): string[] => [
  ...new Set([
    ...(spec?.upload ?? []).flatMap(({ credentials }) => credentials?.secret ?? []),
    ...[...(spec?.collect.specs ?? []), ...(spec?.redact.specs ?? [])].flatMap(({ secret }) => secret?.name ?? []),
  ]),
]
