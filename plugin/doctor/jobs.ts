import { join } from 'node:path'
import { PROGRAM } from '../../core/errors.ts'
import { statusName } from '../../core/names.ts'
import { parseSchedule } from '../../core/schedule/cron.ts'
import { type Condition, decodeStatus, type JobStatus } from '../../core/status.ts'
import { createConfigMapStore } from '../../core/store/config-map-store.ts'
import { type JobOf, jobsOf } from '../install/jobs-of.ts'
import { type Check, type Finding, ifAllowed } from './finding.ts'

/** An agent looks at a new job within seconds. */
const UNSEEN_MS = 120_000

/** Jobs that cannot run, or run with less than they say; slots that both sides reckon alike. */
export const jobs: Check = {
  name: 'jobs',
  async find({ client, edge, namespaces, skewMs, hidden }) {
    const store = createConfigMapStore({ client, onProblem: () => undefined })
    const now = edge.clock.now().getTime() + skewMs
    const found = await Promise.all(
      namespaces.map(async (namespace) => {
        const seen = await ifAllowed(() => jobsOf(client, namespace), hidden)
        return Promise.all(
          (seen?.value ?? []).map(async (job) => {
            const text = (await store.get({ kind: 'status', namespace, name: statusName(job.stored.name) }))?.text
            const status = text === undefined ? undefined : decodeStatus(text)
            return status ? [...troubles(job, status), ...otherZones(job, status)] : unseen(job, now)
          }),
        )
      }),
    )
    return found.flat(2)
  },
}

const title = ({ stored }: JobOf) => `job ${stored.name} in namespace ${stored.namespace}`
const show = ({ stored }: JobOf) => `${PROGRAM} status ${stored.name} -n ${stored.namespace}`

/** By type: which status of a condition is trouble. */
const TROUBLES: readonly [Condition['type'], Condition['status'], Pick<Finding, 'code' | 'severity'>, string][] = [
  ['Valid', 'False', { code: 'JOB_INVALID', severity: 'error' }, 'cannot run'],
  ['Degraded', 'True', { code: 'JOB_DEGRADED', severity: 'warning' }, 'does not run as it says'],
]

function troubles(job: JobOf, { conditions }: JobStatus): Finding[] {
  return TROUBLES.flatMap(([type, status, of, words]) => {
    const held = conditions.find((one) => one.type === type && one.status === status)
    return held ? [{ ...of, what: `${title(job)} ${words}`, why: held.message, fix: held.remedy ?? show(job) }] : []
  })
}

function unseen(job: JobOf, now: number): Finding[] {
  if (now - job.stored.createdAt.getTime() < UNSEEN_MS) return []
  return [
    {
      code: 'JOB_NOT_SEEN',
      severity: 'warning',
      what: `no agent has looked at ${title(job)}`,
      why: 'there is no status of it, or one that this version does not know',
      fix: `${PROGRAM} doctor -n ${job.stored.namespace}`,
    },
  ]
}

/** Each next slot follows from the one before: reckoned here it must be the same, or one side has older zone data. */
function otherZones(job: JobOf, { nextSlots, timeZone }: JobStatus): Finding[] {
  const { spec } = job
  if (!spec || spec.timeZone !== timeZone) return []
  const schedule = orNone(() => parseSchedule([spec.schedule].flat(), spec.timeZone))
  const wrong = nextSlots.find((slot) => {
    const at = Date.parse(slot)
    return schedule?.next(new Date(at - 1))?.getTime() !== at
  })
  if (!schedule || wrong === undefined) return []
  return [
    {
      code: 'ZONE_DATA_DIFFERS',
      severity: 'warning',
      what: `${title(job)}: the agent's slot ${wrong} is none by the time zones of this machine`,
      why: `rules of ${timeZone} differ between this machine and the agent; those of the agent count`,
      fix: `${PROGRAM} upgrade --wait`,
    },
  ]
}

function orNone<Value>(make: () => Value): Value | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

const LOAD_MS = 20_000
const TASK_BYTES = 512 * 2 ** 20

/** Collectors and uploaders load, those of this machine too. */
export const plugIns: Check = {
  name: 'plug-ins',
  async find({ edge, folder }) {
    const request = { task: 'plugins' as const, pluginFolders: [join(folder, 'plugins')] }
    const { result, error } = await edge.task(request, { timeoutMs: LOAD_MS, memoryBytes: TASK_BYTES, signal: edge.signal })
    if (!result) throw error ?? new Error('no result')
    return result.problems.map(({ code, message, remedy }) => ({
      code,
      severity: 'warning',
      what: message,
      why: 'jobs and commands that name it fail',
      fix: remedy ?? 'mend or remove it',
    }))
  },
}
