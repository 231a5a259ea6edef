import { asProblem } from '../core/errors.ts'
import { type JobSpec, readJob, showIssues } from '../core/job.ts'
import { ANNOTATION_PAUSED } from '../core/names.ts'
import { parseSchedule } from '../core/schedule/cron.ts'
import { specHash } from '../core/store/spec-hash.ts'
import type { Stored } from '../core/store/store.ts'
import type { JobStatus } from '../core/status.ts'
import { parseYaml } from '../core/yaml.ts'

/** What the CLI reads from a job that no agent has looked at yet. */
export interface Unseen {
  description: string
  schedule: string
  timeZone: string
  nextRun: string | undefined
  state: JobStatus['state']
  targets: string[]
  auto: string | undefined
  lastError: string | undefined
  spec: JobSpec | undefined
}

/** Somebody else's label or annotation makes a new version, but no other spec. A pause by annotation is one, though. */
export function isOfThisSpec(status: JobStatus, job: Stored): boolean {
  return status.observedSpecHash === specHash(job.text) && status.isPaused === ANNOTATION_PAUSED in job.annotations
}

export function readUnseen(job: Stored, status: JobStatus | undefined, now: Date): Unseen {
  const nothing: Unseen = {
    description: '',
    schedule: '',
    timeZone: '',
    nextRun: undefined,
    state: 'invalid',
    targets: [],
    auto: undefined,
    lastError: undefined,
    spec: undefined,
  }
  try {
    const { value, issues } = parseYaml(job.text)
    if (issues[0]) return { ...nothing, lastError: `job.yaml line ${issues[0].line}: ${issues[0].message}` }
    const { spec, issues: wrong } = readJob(value)
    if (!spec) return { ...nothing, lastError: showIssues(wrong) }
    const lines = [spec.schedule].flat()
    const isPaused = !spec.enabled || ANNOTATION_PAUSED in job.annotations
    return {
      description: spec.description,
      schedule: lines.join('; '),
      timeZone: spec.timeZone,
      nextRun: isPaused ? undefined : parseSchedule(lines, spec.timeZone).next(now)?.toISOString(),
      state: isPaused
        ? 'disabled'
        : status && status.state !== 'disabled' && status.state !== 'invalid'
          ? status.state
          : 'pending',
      targets: spec.upload.map((target) => target.uploader),
      auto: spec.collect.auto,
      lastError: status?.lastError,
      spec,
    }
  } catch (error) {
    return { ...nothing, lastError: asProblem(error).message }
  }
}
