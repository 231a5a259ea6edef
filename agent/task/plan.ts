import { basename } from 'node:path'
import type { CollectorPlugin, HostCollectorPlugin } from '../../core/contract/index.ts'
import { asProblem, fail, type Problem } from '../../core/errors.ts'
import { hint } from '../../core/suggest.ts'
import { parseConfig } from '../loader/config.ts'
import type { Loader } from '../loader/loader.ts'
import { type ConfigFinding, configFindings, unknownFields } from '../specs/config-findings.ts'
import type { Entry, MergedSpec, Position } from '../specs/document.ts'
import { UNSUPPORTED_COLLECTORS } from '../specs/unsupported-collectors.ts'

/** A problem with the place in the spec that it is about. */
export type PlacedProblem = Problem & Position

/** An entry of the spec that can run. */
export interface PlannedCollector {
  key: string
  source: string
  config: unknown
  plugin: CollectorPlugin | HostCollectorPlugin
  warnings: PlacedProblem[]
  entry: Entry
}

/** An entry that will not run, with the reason. */
export interface Unplanned {
  key: string
  source: string
  isExcluded: boolean
  problem?: PlacedProblem
  /** why a collector of the peer is not supported: the entry is skipped, and no mistake of whoever wrote it */
  unsupported?: string
  /** what is wrong with how the entry is written, though it does not run */
  warnings: PlacedProblem[]
  entry: Entry
}

export interface Plan {
  planned: PlannedCollector[]
  unplanned: Unplanned[]
  /** plug-ins that did not load, when one was looked for that is not built in */
  problems: Problem[]
}

export const isHostCollector = (plugin: PlannedCollector['plugin']): plugin is HostCollectorPlugin =>
  plugin.manifest.kind === 'HostCollector'

/** What there is to collect from. */
export interface Where {
  platform: string
  hasCluster: boolean
  /** false: collectors that look at this machine are refused */
  mayUseHost?: boolean
}

type Kind = 'HostCollector' | 'Collector'
type Unfit = Pick<Unplanned, 'problem' | 'unsupported'> & { warnings?: PlacedProblem[] }

/** Finds each entry's collector and parses its config. What cannot run is named, never dropped. */
export async function planCollectors(spec: MergedSpec, loader: Loader, where: Where): Promise<Plan> {
  const planned: PlannedCollector[] = []
  const unplanned: Unplanned[] = []
  const rooms = [
    ['HostCollector', spec.hostCollectors],
    ['Collector', spec.collectors],
  ] as const
  for (const [kind, entries] of rooms)
    for (const entry of entries) {
      const { key, source } = entry
      if (entry.isExcluded) unplanned.push({ key, source, isExcluded: true, warnings: [], entry })
      else {
        const result = await planEntry(kind, entry, loader, where).catch((error: unknown): Unfit => ({
          problem: asProblem(error),
        }))
        if ('plugin' in result) planned.push(result)
        else unplanned.push({ key, source, isExcluded: false, entry, warnings: [], ...result, ...placed(result.problem, entry) })
      }
    }
  return { planned, unplanned, problems: await unloaded(unplanned, loader) }
}

/** The problem with the entry's own place, unless it has a more precise one. */
function placed(problem: PlacedProblem | undefined, { at }: Entry): Pick<Unplanned, 'problem'> {
  return problem ? { problem: { ...at?.([], 'key'), ...problem } } : {}
}

/** The problems that may be why an entry has no collector; those that stand at their entry already are not said twice. */
async function unloaded(unplanned: readonly Unplanned[], loader: Loader): Promise<Problem[]> {
  const codes = unplanned.map((entry) => entry.problem?.code)
  if (!codes.includes('COLLECTOR_UNKNOWN')) return []
  const { problems } = await loader.all()
  return problems.map(plain)
}

async function planEntry(
  kind: Kind,
  entry: Entry,
  loader: Loader,
  { platform, hasCluster, mayUseHost = true }: Where,
): Promise<PlannedCollector | Unfit> {
  const { key, source } = entry
  const found = await loader.find(kind, key)
  if (!found) return absent(kind, entry, loader)
  const { manifest } = found
  if ('platforms' in manifest && !manifest.platforms.some((one) => one === platform))
    throw fail('COLLECTOR_PLATFORM', { key, platform })
  if (manifest.kind === 'HostCollector' && !mayUseHost) throw fail('HOST_REFUSED', { key })
  if (manifest.kind === 'Collector' && manifest.permissions.length > 0 && !hasCluster) throw fail('CLUSTER_NEEDED', { key })
  const plugin = (await found.load()) as CollectorPlugin | HostCollectorPlugin
  const parsed = await parseConfig(plugin.configSchema, entry.config)
  const findings = await configFindings(plugin.configSchema, entry.config)
  if ('issues' in parsed) {
    const at = entry.at?.(findings.find((one) => !one.isUnknownKey)?.path ?? [])
    return { problem: { ...asProblem(fail('COLLECTOR_CONFIG', { key, issues: parsed.issues })), ...at } }
  }
  return { key, source, config: parsed.value, plugin, entry, warnings: warningsOf(entry, findings) }
}

function warningsOf({ key, at }: Entry, findings: readonly ConfigFinding[]): PlacedProblem[] {
  return findings.map(({ path, message }) => ({
    code: 'COLLECTOR_CONFIG',
    message: `collector "${key}" ${message}`,
    ...at?.(path, 'key'),
  }))
}

/** A key without a plug-in: one of the peer's that is not supported, a plug-in that did not load, or a mistake. */
async function absent(kind: Kind, entry: Entry, loader: Loader): Promise<Unfit> {
  const { key, config } = entry
  const problem = await missing(kind, key, loader)
  const fields = UNSUPPORTED_COLLECTORS[kind].get(key)
  if (!fields || problem.code !== 'COLLECTOR_UNKNOWN') return { problem }
  const unsupported = `collector "${key}" is not supported, and the entry is skipped`
  return { unsupported, warnings: warningsOf(entry, unknownFields(config, fields)) }
}

/** A plug-in that did not load cannot tell its key; its folder mostly is that key in other letters. */
async function missing(kind: Kind, key: string, loader: Loader): Promise<Problem> {
  const letters = (name: string) => name.toLowerCase().replaceAll('-', '')
  const { problems } = await loader.all()
  const own = problems.find(({ folder }) => [key, `host${key}`].map(letters).includes(letters(basename(folder))))
  return own ? plain(own) : asProblem(fail('COLLECTOR_UNKNOWN', { key, hint: await nearestKey(kind, key, loader) }))
}

/** The nearest key of this list; a key of the other list says so. */
async function nearestKey(kind: Kind, key: string, loader: Loader): Promise<string> {
  const other = kind === 'Collector' ? 'HostCollector' : 'Collector'
  const known = async (one: Kind) => [...(await loader.keys(one)), ...UNSUPPORTED_COLLECTORS[one].keys()]
  if ((await known(other)).includes(key))
    return kind === 'Collector' ? '; it belongs to "hostCollectors"' : '; it belongs to "collectors"'
  return hint(key, await known(kind))
}

const plain = ({ code, message, remedy }: Problem): Problem => ({ code, message, remedy })
