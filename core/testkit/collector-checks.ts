import type { CollectorPlugin, Host, HostCollectorPlugin, Http, Kube, Network, Output } from '../contract/index.ts'
import { pluginError } from '../contract/index.ts'
import { type Check, check, checkBasics, parsed, reason } from './check.ts'
import { collectorContext, failingKube, hostContext } from './context.ts'
import { abortingHost, fakeHost } from './fake-host.ts'
import { abortingHttp, fakeHttp } from './fake-http.ts'
import { abortingKube } from './fake-kube.ts'
import { abortingNetwork, fakeNetwork } from './fake-network.ts'
import { gather } from './gather.ts'
import { outputProblems } from './output-problems.ts'

/** What a collector is checked with. */
export interface CollectorChecks {
  /** the name of the plug-in's folder */
  folder: string
  /** entries as they stand in a spec; the first is the most usual. Default: one without fields */
  configs?: object[]
  /** a machine on which these entries find something */
  host?: Host
  /** a cluster in which they do */
  kube?: Kube
  /** servers that these entries ask */
  http?: Http
  /** a network in which these entries find something */
  network?: Network
}

type AnyCollector = CollectorPlugin | HostCollectorPlugin
type World = { host: Host; kube?: Kube; http: Http; network: Network }
type Overrides = Partial<World> & { signal?: AbortSignal }

/** The fields that every entry of a spec may have. The host handles them, and hands them on. */
const COMMON = { collectorName: 'by-name', exclude: false }

/** Does a collector keep the contract? Tied to no test runner: see `failed`. */
export async function checkCollector(
  plugin: AnyCollector,
  { folder, configs = [{}], host = fakeHost(), kube, http = fakeHttp(), network = fakeNetwork() }: CollectorChecks,
): Promise<Check[]> {
  const world: World = { host, http, network, ...(kube ? { kube } : {}) }
  const checks = await checkBasics(plugin, { folder, kind: plugin.manifest.kind, configs, common: COMMON })
  for (const config of [...configs, { ...COMMON, ...configs[0] }]) {
    const value = await parsed(plugin.configSchema, config).catch(() => undefined)
    if (value === undefined) continue
    const run = (overrides: Overrides = {}) => collect(plugin, value, { ...world, ...overrides })
    const named = (name: string, look: () => Promise<string[]>) => check(`${name} (${JSON.stringify(config)})`, look)
    checks.push(
      await named('outputs are well-formed, unique and where the manifest says', async () =>
        outputProblems(await gather(run()), plugin.manifest.outputs, config),
      ),
      await named('the same input gives the same outputs in the same order', () => unequalRuns(run)),
      await named('an abort before it starts yields nothing', () => abortBefore(run)),
      await named('an abort during a call to the host yields no file made of what is missing', () => abortDuring(run, world)),
      await named('nothing comes after the end', () => outputsAfterEnd(run)),
      await named('a machine, cluster or network that refuses everything gives warnings, not an error', () =>
        refusedAll(plugin, run),
      ),
    )
  }
  return checks
}

function collect(plugin: AnyCollector, config: unknown, world: Overrides): AsyncIterable<Output> {
  return plugin.collect({ ...collectorContext({ config, ...world }), ...hostContext({ config, ...world }) })
}

type Run = (overrides?: Overrides) => AsyncIterable<Output>

async function unequalRuns(run: Run): Promise<string[]> {
  const [first, second] = [await gather(run()), await gather(run())]
  const told = [first, second].map(({ outputs }) =>
    outputs.map((output) => ('path' in output ? `${output.path} ${output.text}` : output.code)),
  )
  return JSON.stringify(told[0]) === JSON.stringify(told[1]) ? [] : ['two runs on one machine differ']
}

async function abortBefore(run: Run): Promise<string[]> {
  const { outputs } = await gather(run({ signal: AbortSignal.abort(new Error('aborted by the check')) }))
  return outputs.length === 0 ? [] : [`${outputs.length} outputs came`]
}

/** Parts of a world in which the run is aborted at one call, and how many calls there were. */
type Aborting = (controller: AbortController, at: number) => Partial<World> & { count: () => number }

/** Aborts at each call to the host in turn. What fails then says nothing about the machine, and must not be written down. */
async function abortDuring(run: Run, { host, kube, http, network }: World): Promise<string[]> {
  const parts: Aborting[] = [
    (...when) => (kube ? abortingKube(kube, ...when) : abortingHost(host, ...when)),
    (...when) => abortingHttp(http, ...when),
    (...when) => abortingNetwork(network, ...when),
  ]
  const problems: string[] = []
  for (const from of parts) {
    const { count, ...counted } = from(new AbortController(), Infinity)
    await gather(run(counted))
    for (let at = 1; at <= count(); at++) {
      const late = await lateOutputs(run, from, at)
      if (late.length > 0) problems.push(`aborted at call ${at}, then came ${late.join(', ')}`)
    }
  }
  return problems
}

async function lateOutputs(run: Run, from: Aborting, at: number): Promise<string[]> {
  const controller = new AbortController()
  const { count: _, ...aborting } = from(controller, at)
  const late: string[] = []
  try {
    for await (const output of run({ ...aborting, signal: controller.signal })) {
      if (controller.signal.aborted) late.push(output.type === 'file' ? output.path : output.code)
      else if (output.type === 'file' && typeof output.body === 'function') for await (const _ of output.body()) break
    }
  } catch {
    // how it ends is free: with an error or in silence
  }
  return late
}

async function outputsAfterEnd(run: Run): Promise<string[]> {
  const problems: string[] = []
  const whole = run()[Symbol.asyncIterator]()
  while (!(await whole.next()).done);
  if (!(await whole.next()).done) problems.push('an output came after the end')
  const stopped = run()[Symbol.asyncIterator]()
  await stopped.next()
  await stopped.return?.()
  if (!(await stopped.next()).done) problems.push('an output came after the host had stopped it')
  return problems
}

async function refusedAll(plugin: AnyCollector, run: Run): Promise<string[]> {
  const forbidden = failingKube(pluginError('KUBE_FORBIDDEN', 'forbidden by the check', { class: 'permission' }))
  const requests = abortingHttp(fakeHttp(), new AbortController(), Infinity)
  const { error, warnings } = await gather(
    run({ host: fakeHost(), kube: forbidden.kube, http: requests.http, network: fakeNetwork() }),
  )
  if (error !== undefined) return [`it threw ${reason(error)}`]
  const asked = plugin.manifest.kind === 'HostCollector' || forbidden.count() + requests.count() > 0
  return asked && warnings.length === 0 ? ['nothing says that something is missing'] : []
}
