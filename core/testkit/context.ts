import type {
  Clock,
  CollectorContext,
  Context,
  Host,
  HostContext,
  Http,
  Kube,
  Logger,
  Network,
  RunIdentity,
  UploaderContext,
} from '../contract/index.ts'
import { fakeHost } from './fake-host.ts'
import { fakeHttp } from './fake-http.ts'
import { fakeNetwork } from './fake-network.ts'

/** Parts of a context that a test sets itself; all else has a quiet default. */
export interface ContextOptions<Config> {
  config: Config
  run?: Partial<RunIdentity>
  signal?: AbortSignal
  log?: Logger
  clock?: Clock
}

const SLOT = new Date('2026-01-01T02:00:00Z')
const RUN: RunIdentity = { id: 'nightly.29453880', job: 'nightly', namespace: 'payments', slot: SLOT, trigger: 'schedule' }
const quiet = () => undefined
const QUIET: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }

/** Stands still; who sleeps wakes at once. */
const STILL: Clock = {
  now: () => new Date(SLOT),
  sleep: async (_ms, signal) => signal?.throwIfAborted(),
}

/** What a host collector gets. The machine is an empty one, and nothing can be reached from it, unless given. */
export function hostContext<Config>(
  options: ContextOptions<Config> & { host?: Host; http?: Http; network?: Network },
): HostContext<Config> {
  const { host = fakeHost(), http = fakeHttp(), network = fakeNetwork() } = options
  return { ...context(options), host, http, network }
}

/** What an in-cluster collector gets. Without `kube` there is no cluster, without `http` no network: every call fails. */
export function collectorContext<Config>(
  options: ContextOptions<Config> & { kube?: Kube; http?: Http; namespaces?: string[]; since?: Date },
): CollectorContext<Config> {
  const {
    kube = failingKube(new Error('this test has no cluster')).kube,
    http = fakeHttp(),
    namespaces = ['payments'],
    since,
  } = options
  return { ...context(options), kube, http, namespaces, since }
}

export interface UploaderOptions<Config> extends ContextOptions<Config> {
  secrets?: Record<string, string>
  state?: unknown
}

/** What an uploader gets. State is kept in memory, as its JSON: what cannot be written as JSON is lost here as well. */
export function uploaderContext<Config>(options: UploaderOptions<Config>): UploaderContext<Config> {
  const { secrets = {} } = options
  let state = JSON.stringify(options.state ?? null)
  return {
    ...context(options),
    secret: (key) => {
      const value = secrets[key]
      if (value === undefined) throw new Error(`the secret has no key "${key}"`)
      return value
    },
    state: {
      get: () => JSON.parse(state) as unknown,
      set: async (value) => {
        state = JSON.stringify(value ?? null)
      },
    },
  }
}

/** A cluster that answers each call with one error, for instance a 403; `count` tells how many calls there were. */
export function failingKube(error: Error): { kube: Kube; count: () => number } {
  let count = 0
  const refuse = () => {
    count += 1
    throw error
  }
  const refuseLater = async () => refuse()
  // oxlint-disable-next-line require-yield -- it fails before there is anything to yield
  const refuseStream = async function* () {
    refuse()
  }
  const kube: Kube = {
    list: refuseStream,
    get: refuseLater,
    raw: refuseStream,
    pods: refuseStream,
    logs: () => refuseStream,
    exec: refuseLater,
    review: refuseLater,
    own: refuseLater,
  }
  return { kube, count: () => count }
}

function context<Config>({ config, run, signal, log, clock }: ContextOptions<Config>): Context<Config> {
  return {
    config,
    run: { ...RUN, ...run },
    signal: signal ?? new AbortController().signal,
    log: log ?? QUIET,
    clock: clock ?? STILL,
  }
}
