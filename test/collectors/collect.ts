import type { CollectorPlugin, HostCollectorPlugin } from '../../core/contract/index.ts'
import {
  collectorContext,
  type FakeCluster,
  fakeHost,
  fakeKube,
  type FakeMachine,
  gather,
  type Gathered,
  hostContext,
} from '../../core/testkit/index.ts'
import { server } from './machines.ts'

type Collector = CollectorPlugin | HostCollectorPlugin

/** Runs one collector for an entry of a spec, on a made-up machine. */
export async function collect(collector: Collector, entry: object = {}, machine: FakeMachine = server): Promise<Gathered> {
  const { value: config, issues } = (await collector.configSchema['~standard'].validate(entry)) as {
    value: unknown
    issues?: unknown[]
  }
  if (issues) throw new Error(JSON.stringify(issues))
  return gather(collector.collect({ ...collectorContext({ config }), ...hostContext({ config, host: fakeHost(machine) }) }))
}

/** The same, of a made-up cluster. `namespaces`: where entries look that name none; default wherever there are some. */
export async function collectFrom(
  collector: CollectorPlugin,
  entry: object,
  cluster: FakeCluster,
  { namespaces = ['*'], ...options }: { namespaces?: string[]; defaultNamespace?: string; since?: Date } = {},
): Promise<Gathered> {
  const { value: config, issues } = (await collector.configSchema['~standard'].validate(entry)) as {
    value: unknown
    issues?: unknown[]
  }
  if (issues) throw new Error(JSON.stringify(issues))
  return gather(collector.collect({ ...collectorContext({ config, kube: fakeKube(cluster), namespaces }), ...options }))
}

/** What a schema says against an entry: one text an issue, with its path. */
export async function issues({ configSchema }: Collector, entry: object): Promise<string[]> {
  const result = await configSchema['~standard'].validate(entry)
  return (result.issues ?? []).map(({ path = [], message }) => `${path.map(String).join('.')}: ${message}`)
}

const ERRORS = 'host-collectors/errors/'

/** The files as a plain object: path and text. Those that say why a host collector failed are `hostErrors`. */
export function texts({ files }: Gathered): Record<string, string> {
  return Object.fromEntries(files.filter(({ path }) => !path.startsWith(ERRORS)).map(({ path, text }) => [path, text]))
}

/** What files say of host collectors that failed, by their names in `host-collectors/errors`. */
export function hostErrors({ files }: Gathered): Record<string, unknown> {
  const errors = files.filter(({ path }) => path.startsWith(ERRORS))
  return Object.fromEntries(errors.map(({ path, text }) => [path.slice(ERRORS.length), JSON.parse(text) as unknown]))
}

/** The codes of all warnings. */
export function codes({ warnings }: Gathered): string[] {
  return warnings.map(({ code }) => code)
}
