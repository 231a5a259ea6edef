import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import type { BundleReport, CollectorReport } from '../../agent/bundle/report.ts'
import { systemClock } from '../../core/clock.ts'
import { AGENT_NAMESPACE, API_VERSION } from '../../core/names.ts'
import { decodeRun, type Run } from '../../core/run.ts'
import { configMapsOf } from '../cluster/config-maps.ts'
import { optIn } from '../cluster/tenants.ts'
import type { Pod, TestNode } from './use-node.ts'
import { waitFor } from './wait-for.ts'
import { aWorkload } from './workload.ts'

const run = promisify(execFile)
const AGENT_PODS = 'app.kubernetes.io/component=agent'

export interface KeptRun extends Run {
  /** of its object */
  name: string
}

/** Puts collectors into a spec as a job holds one. */
export const collecting = (...collectors: object[]) => ({
  specs: [
    {
      inline: {
        apiVersion: 'troubleshoot.sh/v1beta2',
        kind: 'SupportBundle',
        metadata: { name: 'e2e' },
        spec: { collectors },
      },
    },
  ],
})

/** An opted-in namespace with a pod whose log says `secret of <name>`, worked with as its user does. */
export async function aTenant(node: TestNode, name: string) {
  await node.kubectl(['create', 'namespace', name])
  await node.kubectl(['apply', '-n', name, '-f', '-'], aWorkload('web', { says: `secret of ${name}` }))
  await optIn(node.admin, name)
  const objects = configMapsOf(node.admin, name)
  const look = async (run: string): Promise<KeptRun> => {
    const object = await objects.get(run)
    return { ...decodeRun(object?.data?.['run.json'] ?? ''), name: run }
  }

  return {
    name,
    objects,
    look,
    /** Makes a job that is due only when it is asked for. */
    create: (job: string, spec: object) =>
      objects.create(job, 'job', {
        data: { 'job.yaml': JSON.stringify({ apiVersion: API_VERSION, schedule: '0 0 1 1 *', analyze: false, ...spec }) },
      }),
    /** Asks for a run and gives its name at once. */
    async ask(job: string): Promise<string> {
      const id = randomUUID().slice(0, 8)
      const request = { schema: 1, action: 'run', requestedAt: systemClock.now().toISOString() }
      await objects.create(`${job}.request.${id}`, 'request', { data: { 'request.json': JSON.stringify(request) } })
      return `${job}.m${id}`
    },
    /** Waits until a run has got so far. */
    until: (run: string, isIt: (run: KeptRun) => boolean, withinMs = 60_000) =>
      waitFor(`run ${run} of ${name}`, () => look(run), isIt, { withinMs, onLate: () => node.whatIsIn(AGENT_NAMESPACE) }),
    /** A run from its request to its end. One that is to be delivered has ended for us when that failed. */
    async run(job: string): Promise<KeptRun> {
      return this.until(await this.ask(job), hasEnded)
    },
  }
}
export type Tenant = Awaited<ReturnType<typeof aTenant>>

export const hasEnded = (run: Run): boolean => run.phase === 'finished' || run.deliveries.some(({ error }) => error !== undefined)

export const isAtWork = (run: Run): boolean => run.phase === 'running'

/** The pods of the agent: the one that holds a run, and the others. */
export async function podsOf(node: TestNode, { holder }: Run): Promise<{ own: Pod; others: Pod[] }> {
  const pods = await node.readyPods(AGENT_NAMESPACE, AGENT_PODS, 2)
  const own = pods.find(({ metadata }) => metadata.uid === holder.replica)
  if (!own) throw new Error(`there is no pod ${holder.replica}`)
  return { own, others: pods.filter((pod) => pod !== own) }
}

/** What a kept bundle holds, read where it lies. Throws when there is none. */
export async function openBundle(node: TestNode, kept: Run) {
  if (!kept.bundle?.path) throw new Error(`there is no bundle of ${kept.job}: ${kept.outcome}, ${kept.error?.message}`)
  const { own } = await podsOf(node, kept)
  const file = `/proc/${await node.pidOf(own, 'agent')}/root${kept.bundle.path}`
  const tar = async (...args: string[]) => (await run('tar', args, { maxBuffer: 2 ** 26 })).stdout
  const paths = (await tar('tzf', file)).split('\n').filter(Boolean)
  const read = (path: string) => tar('xzOf', file, ...paths.filter((one) => one.endsWith(`/${path}`)))
  const report = JSON.parse(await read('support-bundle-schedule/report.json')) as BundleReport
  return { paths, read, report, text: () => tar('xzOf', file) }
}

/** What a report says went wrong with an entry, all of it in one text. */
export const troubles = ({ error, warnings }: CollectorReport): string =>
  [...(error ? [error] : []), ...warnings].map(({ code, message }) => `${code} ${message}`).join('\n')

/** How often each container of the agent's pods was started again. */
export async function restarts(node: TestNode): Promise<Record<string, number>> {
  const pods = await node.readyPods(AGENT_NAMESPACE, AGENT_PODS, 2)
  return Object.fromEntries(
    pods.flatMap(({ metadata, status }) =>
      (status.containerStatuses ?? []).map(({ name, restartCount }) => [`${metadata.name}/${name}`, restartCount]),
    ),
  )
}
