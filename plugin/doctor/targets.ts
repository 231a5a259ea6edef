import { join } from 'node:path'
import { asProblem, PROGRAM } from '../../core/errors.ts'
import type { JobSpec } from '../../core/job.ts'
import { getObject } from '../../core/kube/objects.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { type JobOf, jobsOf } from '../install/jobs-of.ts'
import { type Check, type Finding, ifAllowed, type Patient } from './finding.ts'

const ASK_MS = 30_000
const TASK_BYTES = 512 * 2 ** 20

type Target = JobSpec['upload'][number]

/** What uploads go to would take them: asked from this machine, with the credentials of the jobs. */
export const targets: Check = {
  name: 'targets of uploads',
  async find(patient) {
    const { client, namespaces, hidden } = patient
    const found: Finding[] = []
    for (const namespace of namespaces) {
      const jobs = await ifAllowed(() => jobsOf(client, namespace), hidden)
      const asked = new Set<string>()
      for (const job of jobs?.value ?? [])
        for (const target of job.spec?.upload ?? []) {
          // Most jobs of a namespace share one.
          const key = JSON.stringify(target)
          if (!asked.has(key)) found.push(...(await ask(patient, job, target)))
          asked.add(key)
        }
    }
    return found
  },
}

async function ask({ client, edge, folder, hidden }: Patient, job: JobOf, target: Target): Promise<Finding[]> {
  const { namespace, name } = job.stored
  const { uploader, config, credentials } = target
  const secret = credentials && (await ifAllowed(() => readSecret(client, namespace, credentials.secret), hidden))
  // Not for this user to see, or not there: another check tells of it. Without its own credentials nothing would be learned.
  const secrets = secret?.value ?? {}
  if (Object.keys(secrets).length === 0) return []
  const slot = edge.clock.now().toISOString()
  const run = { id: `${name}.verify`, job: name, namespace, slot, trigger: 'manual' as const }
  const request = {
    ...{ task: 'verify' as const, run, timeoutMs: ASK_MS, pluginFolders: [join(folder, 'plugins')] },
    target: { uploader, config, secrets },
  }
  const options = { timeoutMs: ASK_MS + 5_000, memoryBytes: TASK_BYTES, signal: edge.signal }
  const { error } = await edge.task(request, options)
  if (!error) return []
  const { message, remedy } = asProblem(error)
  return [
    {
      code: 'TARGET_REFUSES',
      severity: 'warning',
      what: `job ${name} in namespace ${namespace} uploads with "${uploader}", which does not take a bundle from this machine`,
      why: message,
      fix: remedy ?? `${PROGRAM} status ${name} -n ${namespace}`,
    },
  ]
}

async function readSecret(client: Patient['client'], namespace: string, name: string) {
  const found = await getObject(client, resourcePath({ version: 'v1', namespace, plural: 'secrets', name }))
  const { data } = (found?.json ?? {}) as { data?: Record<string, string> }
  return data && Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
}
