import { openLedger, record, type LedgerEntry } from '../../core/ledger.ts'
import { encodeDocument, type Run } from '../../core/run.ts'
import { specHash } from '../../core/store/spec-hash.ts'
import type { Store, Stored } from '../../core/store/store.ts'
import type { JobStatus } from '../../core/status.ts'

const at = (kind: Stored['kind'], name: string) => ({ kind, namespace: '', name }) as const

/** Makes a job in the store, as `create` does, and gives it. */
export async function putJob(
  store: Store,
  name: string,
  change: { text?: string; annotations?: Record<string, string> } = {},
): Promise<Stored> {
  const text = change.text ?? 'apiVersion: support-bundle-schedule.io/v1\nschedule: "0 2 * * *"\ntimeZone: UTC\n'
  return store.create(at('job', name), { text, annotations: change.annotations ?? {} })
}

/** A run of a job that ended well, but for what is changed. */
export async function putRun(store: Store, job: Stored, id: string, change: Partial<Run> = {}): Promise<string> {
  const name = `${job.name}.${id}`
  const run: Run = {
    schema: 1,
    job: job.name,
    jobUid: job.uid,
    specHash: specHash(job.text),
    trigger: 'schedule',
    slot: '2025-12-31T02:00:00.000Z',
    phase: 'finished',
    outcome: 'completed',
    holder: { pid: 1, startId: 'gone' },
    claimedAt: '2025-12-31T02:00:00.000Z',
    attempt: 1,
    startedAt: '2025-12-31T02:00:01.000Z',
    endedAt: '2025-12-31T02:00:31.000Z',
    bundle: { fileName: `${name}.tar.gz`, path: `/bundles/${name}.tar.gz`, bytes: 2048, sha256: 'x', files: 3, isPartial: false },
    collectors: { ran: 2, failed: 0, skipped: 0 },
    warnings: 0,
    redactions: 0,
    deliveries: [],
    ...change,
  }
  await store.create(at('run', name), { text: encodeDocument(run), owner: { name: job.name, uid: job.uid } })
  return name
}

/** A page of the job's ledger with these entries. */
export async function putLedger(store: Store, job: Stored, entries: LedgerEntry[], timeZone = 'UTC'): Promise<void> {
  const observed = { specHash: specHash(job.text), schedule: ['0 2 * * *'], timeZone }
  const page = record(openLedger(job, observed, job.createdAt), entries)
  await store.create(at('ledger', `${job.name}.ledger.${page.month}`), { text: encodeDocument(page) })
}

/** What an agent that looked at the job just now would leave. */
export async function putStatus(store: Store, job: Stored, change: Partial<JobStatus> = {}): Promise<void> {
  const status: JobStatus = {
    schema: 1,
    id: job.uid,
    observedVersion: job.version,
    observedSpecHash: specHash(job.text),
    state: 'completed',
    isPaused: false,
    description: '',
    schedule: '0 2 * * *',
    timeZone: 'UTC',
    targets: [],
    nextSlots: ['2100-01-01T02:00:00.000Z'],
    runCount: 7,
    lastRun: { name: `${job.name}.1`, state: 'completed', startedAt: '2025-12-31T02:00:01.000Z' },
    conditions: [],
    updatedAt: '2025-12-31T02:00:31.000Z',
    ...change,
  }
  await store.create(at('status', `${job.name}.status`), {
    text: encodeDocument(status),
    owner: { name: job.name, uid: job.uid },
  })
}
