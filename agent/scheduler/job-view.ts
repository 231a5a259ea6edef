import { asProblem, type Problem, reasonOf } from '../../core/errors.ts'
import { type JobIssue, type JobSpec, readJob, showIssues } from '../../core/job.ts'
import { ANNOTATION_PAUSED } from '../../core/names.ts'
import { parseSchedule, type Schedule } from '../../core/schedule/cron.ts'
import { checkTimeZone } from '../../core/schedule/time-zone.ts'
import { specHash } from '../../core/store/spec-hash.ts'
import { type Stored, TEXT_LIMIT } from '../../core/store/store.ts'
import { parseYaml } from '../../core/yaml.ts'

/** A job as the scheduler works with it. */
export interface JobView {
  name: string
  uid: string
  createdAt: Date
  /** of the stored object that was read */
  version: string
  specHash: string
  /** why it does not run now: the annotation's text, or `enabled: false` */
  paused: string | undefined
  /** absent when the job is invalid */
  plan: { spec: JobSpec; lines: string[]; schedule: Schedule } | undefined
  /** why it is invalid */
  invalid: Problem | undefined
  /** keys that this version does not know; the job runs without them, as degraded */
  unknown: JobIssue[]
}

/** A job of 64 KiB may have thousands; views are kept. */
const MAX_ISSUES = 20

/** Reads a stored job. Whatever is wrong makes this one job invalid; never throws. */
export function viewJob(stored: Stored): JobView {
  const view: JobView = {
    name: stored.name,
    uid: stored.uid,
    createdAt: stored.createdAt,
    version: stored.version,
    specHash: specHash(stored.text),
    paused: stored.annotations[ANNOTATION_PAUSED],
    plan: undefined,
    invalid: undefined,
    unknown: [],
  }
  try {
    const { spec, issues } = parseJob(stored.text)
    if (!spec) return { ...view, invalid: invalid(showIssues(issues.slice(0, MAX_ISSUES))) }
    const lines = [spec.schedule].flat()
    checkTimeZone(spec.timeZone)
    const plan = { spec, lines, schedule: parseSchedule(lines, spec.timeZone) }
    return {
      ...view,
      plan,
      unknown: issues.slice(0, MAX_ISSUES),
      paused: view.paused ?? (spec.enabled ? undefined : 'enabled is false'),
    }
  } catch (error) {
    return { ...view, invalid: asProblem(error) }
  }
}

function parseJob(text: string): { spec?: JobSpec; issues: JobIssue[] } {
  const limit = TEXT_LIMIT.job
  if (Buffer.byteLength(text) > limit) return { issues: [issue(`job.yaml is longer than ${limit} bytes`)] }
  try {
    const { value, issues } = parseYaml(text)
    if (issues.length > 0) return { issues: issues.map((one) => issue(`line ${one.line}: ${one.message}`)) }
    return readJob(value)
  } catch (error) {
    return { issues: [issue(reasonOf(error))] }
  }
}

const issue = (message: string): JobIssue => ({ path: '', message, isUnknownKey: false })

function invalid(issues: string): Problem {
  return { code: 'JOB_INVALID', message: `job.yaml: ${issues}`, remedy: 'correct the job; it runs again from then on' }
}

const views = new WeakMap<Stored, JobView>()

/** Parses each version of a job once. */
export function viewOf(stored: Stored): JobView {
  const view = views.get(stored) ?? viewJob(stored)
  views.set(stored, view)
  return view
}
