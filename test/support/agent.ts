import { fail } from '../../core/errors.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AgentEdge } from '../../agent/agent.ts'
import { assemble, type Works } from '../../agent/assemble.ts'
import { AgentConfig } from '../../agent/config.ts'
import { type AgentFolders, agentFolders } from '../../agent/folders.ts'
import type { Outside } from '../../agent/outside.ts'
import { createCapacity } from '../../agent/scheduler/capacity.ts'
import { createEngine, type Engine } from '../../agent/scheduler/engine.ts'
import { recover } from '../../agent/scheduler/recover.ts'
import type { TenantEdge } from '../../agent/tenant.ts'
import type { Logger } from '../../core/contract/index.ts'
import { decodeLedger, type LedgerEntry, type LedgerPage } from '../../core/ledger.ts'
import { jobOf, type Kind, requestName, statusName } from '../../core/names.ts'
import { decodeRun, encodeDocument, type Holder, type Run } from '../../core/run.ts'
import { decodeStatus, type JobStatus } from '../../core/status.ts'
import { createMemoryStore } from '../../core/store/memory-store.ts'
import type { Store, Stored } from '../../core/store/store.ts'
import { FakeClock } from './clock.ts'
import { FakeTasks } from './fake-tasks.ts'
import type { JobBuilder } from './jobs.ts'
import { type Death, MortalStore } from './mortal-store.ts'

export interface Line {
  level: string
  fields: Record<string, unknown>
  message: string
}

/** Keeps what is logged. */
export class MemoryLog implements Logger {
  readonly lines: Line[] = []
  debug = (fields: object, message: string) => this.#add('debug', fields, message)
  info = (fields: object, message: string) => this.#add('info', fields, message)
  warn = (fields: object, message: string) => this.#add('warn', fields, message)
  error = (fields: object, message: string) => this.#add('error', fields, message)

  /** messages of a level */
  of(level: string): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message)
  }

  #add(level: string, fields: object, message: string): void {
    this.lines.push({ level, fields: { ...fields }, message })
  }
}

/** One process that schedules: the real parts, on a store that dies with it. */
export interface TestAgent {
  works: Works
  engine: Engine
  store: MortalStore
  holder: Holder
  /** reads the store and looks at everything once, as a loop that woke does; then waits until nothing goes on but tasks */
  look(): Promise<void>
  /** waits until nothing goes on but tasks */
  settled(): Promise<void>
  /** its calls have no effect any more, and others see that it is gone */
  die(): void
}

export interface AgentOptions {
  death?: Death
  config?: Partial<AgentConfig>
  only?: string
  mayStart?: boolean
  /** before each call of the store */
  pause?: () => Promise<void>
  /** instead of the world's: one that fails */
  store?: Store
}

/** A virtual computer: a clock, a store, folders, and the processes on it. */
export class World {
  readonly clock: FakeClock
  readonly tasks: FakeTasks
  readonly log = new MemoryLog()
  readonly store: Store
  readonly folders: AgentFolders
  readonly outside: Outside = {
    cluster: () => Promise.resolve(undefined),
    mayUseHost: true,
    network: () => undefined,
    specSource: async ({ name }) => {
      throw fail('SPEC_SOURCE', { source: name, reason: 'this test has none', remedy: '' })
    },
    specUrls: () => [],
    refusesUploader: () => undefined,
    secret: () => Promise.resolve({}),
  }
  readonly #alive = new Set<string>()
  #processes = 0

  constructor(folder: string, start: string) {
    let uids = 0
    this.clock = new FakeClock(start)
    this.tasks = new FakeTasks(this.clock)
    this.store = createMemoryStore({ clock: this.clock, newUid: () => `uid-${++uids}` })
    this.folders = agentFolders(folder)
  }

  agent(options: AgentOptions = {}): TestAgent {
    const holder = { pid: ++this.#processes, startId: `start-${this.#processes}` }
    const store = new MortalStore(options.store ?? this.store, options.death, options.pause)
    this.#alive.add(holder.startId)
    const signal = new AbortController().signal
    const works = assemble(this.tenant(store, holder, options.config), signal, options.only)
    const { executor, outbox, housekeeping } = works
    const engine = createEngine({
      ...works.edge,
      executor,
      outbox,
      mayStart: options.mayStart ?? true,
      checkIntervalMs: 30_000,
      recover: () => recover(works.edge, this.folders, executor.active),
      afterRound: async () => undefined,
    })
    works.onDone((job) => engine.wake(job))
    const isBusy = () =>
      [...executor.active].some((run) => !this.tasks.waiting.has(`run ${run}`)) ||
      [...outbox.active].some((run) => !this.tasks.waiting.has(`deliver ${run}`))
    const settled = async () => {
      await eventually(() => !isBusy(), 'everything but tasks is done')
      await housekeeping.idle()
    }
    return {
      ...{ works, engine, store, holder, settled },
      async look() {
        await works.edge.mirror.load()
        await recover(works.edge, works.edge.folders, executor.active)
        const jobs = [...works.edge.mirror.of('job').keys(), ...[...works.edge.mirror.of('ledger').keys()].map(jobOf)]
        await engine.round(jobs)
        await settled()
      },
      die: () => {
        store.kill()
        this.#alive.delete(holder.startId)
      },
    }
  }

  /** What a process needs to work on the store, without server. */
  tenant(store: Store, holder: Holder, changed: Partial<AgentConfig> = {}): TenantEdge {
    const config = { ...AgentConfig.parse({}), metricsPort: 0, ...changed }
    return {
      ...{ store, holder, config },
      clock: this.clock,
      namespace: '',
      folders: this.folders,
      cacheFile: join(this.folders.state, 'cache.json'),
      tasks: this.tasks,
      log: this.log,
      isAlive: ({ holder }) => this.#alive.has(holder.startId),
      outside: this.outside,
      capacity: createCapacity(
        () => config.defaultMaxConcurrent,
        () => undefined,
      ),
      random: () => 0.5,
    }
  }

  /** What a whole agent needs, in a process of its own. */
  edge(store: Store = this.store, changed: Partial<AgentConfig> = {}): AgentEdge {
    const holder = { pid: ++this.#processes, startId: `start-${this.#processes}` }
    this.#alive.add(holder.startId)
    return {
      ...this.tenant(store, holder, changed),
      processes: { self: holder, isAlive: ({ startId }) => this.#alive.has(startId) },
      configFile: 'scheduler.yaml',
      version: '1.2.3',
      newToken: () => 'the-token',
      usage: () => ({ residentBytes: 50_000_000, cpuSeconds: 1.5 }),
    }
  }

  /** Others see that a process has ended. */
  bury({ startId }: Holder): void {
    this.#alive.delete(startId)
  }

  /** Several looks while time goes by. */
  async pass(agent: TestAgent, ms: number, eachMs = ms): Promise<void> {
    for (let left = ms; left > 0; left -= eachMs) {
      await this.clock.advance(Math.min(left, eachMs))
      await agent.settled()
      await agent.look()
    }
  }

  create(job: JobBuilder): Promise<Stored> {
    return this.store.create(job.ref, job.document)
  }

  async edit(job: JobBuilder): Promise<Stored> {
    const stored = await this.store.get(job.ref)
    return this.store.update(job.ref, job.document, stored?.version ?? '')
  }

  remove(job: JobBuilder): Promise<void> {
    return this.store.remove(job.ref)
  }

  async request(job: JobBuilder, id: string): Promise<void> {
    const { uid } = (await this.store.get(job.ref)) ?? { uid: '' }
    const text = encodeDocument({ schema: 1, action: 'run', requestedAt: this.clock.now().toISOString() })
    await this.store.create(
      { kind: 'request', namespace: '', name: requestName(job.name, id) },
      { text, owner: { name: job.name, uid } },
    )
  }

  async all(kind: Kind, job?: string): Promise<Stored[]> {
    const found: Stored[] = []
    for await (const stored of this.store.list(kind, '')) if (job === undefined || jobOf(stored.name) === job) found.push(stored)
    return found
  }

  async runs(job = 'nightly'): Promise<Map<string, Run>> {
    return new Map((await this.all('run', job)).map(({ name, text }) => [name, decodeRun(text)]))
  }

  async pages(job = 'nightly'): Promise<LedgerPage[]> {
    return (await this.all('ledger', job)).map(({ text }) => decodeLedger(text))
  }

  async entries(job = 'nightly'): Promise<LedgerEntry[]> {
    return (await this.pages(job)).flatMap((page) => page.entries)
  }

  async status(job = 'nightly'): Promise<JobStatus> {
    const stored = await this.store.get({ kind: 'status', namespace: '', name: statusName(job) })
    const status = stored && decodeStatus(stored.text)
    if (!status) throw new Error(`there is no status of ${job}`)
    return status
  }

  /** How each slot ended, from ledger and runs: `02:00 completed`. Ranges as `02:00..05:00 missed-down x4`, times of a day. */
  async outcomes(job = 'nightly'): Promise<string[]> {
    const time = (instant: string) => instant.slice(11, 16)
    const removing = new Set((await this.pages(job)).flatMap((page) => page.state.removing ?? []))
    const lines: [string, string][] = (await this.entries(job)).flatMap((entry): [string, string][] => {
      if (entry.type === 'run')
        return [[entry.slot, `${time(entry.slot)} ${entry.outcome}${entry.trigger === 'manual' ? ' (manual)' : ''}`]]
      if (entry.type !== 'slots') return []
      const range = entry.count === 1 ? time(entry.from) : `${time(entry.from)}..${time(entry.to)}`
      return [[entry.from, `${range} ${entry.outcome}${entry.count === 1 ? '' : ` x${entry.count}`}`]]
    })
    for (const [name, run] of await this.runs(job))
      if (!removing.has(name))
        lines.push([run.slot, `${time(run.slot)} ${run.outcome ?? run.phase}${run.trigger === 'manual' ? ' (manual)' : ''}`])
    return lines.toSorted((a, b) => (a[0] < b[0] ? -1 : 1)).map(([, text]) => text)
  }
}

/** A world for one test; it ends with `using`. */
export async function aWorld(start = '2026-03-10T00:30:00Z'): Promise<World & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-'))
  const world = new World(folder, start)
  return Object.assign(world, { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) })
}

/** Waits for real work of the event loop (files), not for time. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 30_000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it never came that ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
