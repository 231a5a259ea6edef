import { ANNOTATION_PAUSED, API_VERSION, runName } from '../../core/names.ts'
import type { Delivery, Holder, Run } from '../../core/run.ts'
import type { Document, Ref } from '../../core/store/store.ts'
import { toYaml } from '../../core/yaml.ts'

/** A job as its user writes it: `aJob().named('nightly').every('0 2 * * *').paused('by hand')`. Immutable. */
export class JobBuilder {
  readonly name: string
  readonly spec: Record<string, unknown>
  readonly annotations: Record<string, string>

  constructor(name: string, spec: Record<string, unknown>, annotations: Record<string, string> = {}) {
    this.name = name
    this.spec = spec
    this.annotations = annotations
  }

  named(name: string): JobBuilder {
    return new JobBuilder(name, this.spec, this.annotations)
  }

  with(spec: Record<string, unknown>): JobBuilder {
    return new JobBuilder(this.name, { ...this.spec, ...spec }, this.annotations)
  }

  every(...schedule: string[]): JobBuilder {
    return this.with({ schedule: schedule.length === 1 ? schedule[0] : schedule })
  }

  uploadingTo(...uploaders: string[]): JobBuilder {
    return this.with({ upload: uploaders.map((uploader) => ({ uploader })) })
  }

  paused(reason = 'by hand'): JobBuilder {
    return new JobBuilder(this.name, this.spec, { ...this.annotations, [ANNOTATION_PAUSED]: reason })
  }

  resumed(): JobBuilder {
    const { [ANNOTATION_PAUSED]: _, ...annotations } = this.annotations
    return new JobBuilder(this.name, this.spec, annotations)
  }

  get ref(): Ref {
    return { kind: 'job', namespace: '', name: this.name }
  }

  get text(): string {
    return toYaml(this.spec)
  }

  get document(): Document {
    return { text: this.text, annotations: this.annotations }
  }
}

/** Hourly, in UTC. */
export const aJob = (): JobBuilder => new JobBuilder('nightly', { apiVersion: API_VERSION, schedule: '0 * * * *' })

export const A_HOLDER: Holder = { pid: 1, startId: 'first' }

/** The record of a run: completed, with a bundle, unless changed. */
export function aRun(change: Partial<Run> & { slot: string }): Run {
  const { slot } = change
  return {
    schema: 1,
    attempt: 1,
    job: 'nightly',
    jobUid: 'uid-1',
    specHash: 'hash',
    trigger: 'schedule',
    phase: 'finished',
    outcome: 'completed',
    holder: A_HOLDER,
    claimedAt: slot,
    startedAt: slot,
    endedAt: slot,
    bundle: { fileName: 'a.tar.gz', bytes: 100, sha256: '0'.repeat(64), files: 3, isPartial: false },
    warnings: 0,
    redactions: 0,
    deliveries: [],
    ...change,
  }
}

export const runNameOf = (run: Pick<Run, 'job' | 'slot'>): string => runName(run.job, new Date(run.slot))

export const aDelivery = (change: Partial<Delivery> = {}): Delivery => ({
  uploader: 'local',
  state: 'pending',
  tries: 0,
  ...change,
})
