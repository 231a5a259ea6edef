import { basename } from 'node:path'
import type { CollectorPlugin, HostCollectorPlugin } from '../../core/contract/index.ts'
import { asProblem, fail, type Problem } from '../../core/errors.ts'
import { hint } from '../../core/suggest.ts'
import { parseConfig } from '../loader/config.ts'
import type { Loader } from '../loader/loader.ts'
import type { Entry, MergedSpec } from '../specs/document.ts'

/** An entry of the spec that can run. */
export interface PlannedCollector {
  key: string
  source: string
  config: unknown
  plugin: CollectorPlugin | HostCollectorPlugin
  warnings: Problem[]
}

/** An entry that will not run, with the reason. */
export interface Unplanned {
  key: string
  source: string
  isExcluded: boolean
  problem?: Problem
}

/** What there is to collect from. */
export interface Where {
  platform: string
  hasCluster: boolean
}

/**
 * Finds each entry's collector and parses its config. What cannot run is named, never dropped. `problems`: plug-ins that did
 * not load, when one was looked for that is not built in.
 */
export async function planCollectors(
  spec: MergedSpec,
  loader: Loader,
  where: Where,
): Promise<{ planned: PlannedCollector[]; unplanned: Unplanned[]; problems: Problem[] }> {
  const planned: PlannedCollector[] = []
  const unplanned: Unplanned[] = []
  const rooms = [
    ['HostCollector', spec.hostCollectors],
    ['Collector', spec.collectors],
  ] as const
  for (const [kind, entries] of rooms)
    for (const entry of entries) {
      const { key, source } = entry
      if (entry.isExcluded) unplanned.push({ key, source, isExcluded: true })
      else {
        const result = await planEntry(kind, entry, loader, where).catch((error: unknown) => ({ problem: asProblem(error) }))
        if ('problem' in result) unplanned.push({ key, source, isExcluded: false, problem: result.problem })
        else planned.push(result)
      }
    }
  return { planned, unplanned, problems: await unloaded(unplanned, loader) }
}

/** The problems that may be why an entry has no collector; those that stand at their entry already are not said twice. */
async function unloaded(unplanned: readonly Unplanned[], loader: Loader): Promise<Problem[]> {
  const codes = unplanned.map((entry) => entry.problem?.code)
  if (!codes.includes('COLLECTOR_UNKNOWN')) return []
  const { problems } = await loader.all()
  return problems.map(plain)
}

async function planEntry(
  kind: 'HostCollector' | 'Collector',
  entry: Entry,
  loader: Loader,
  { platform, hasCluster }: Where,
): Promise<PlannedCollector | { problem: Problem }> {
  const { key, source } = entry
  const found = await loader.find(kind, key)
  if (!found) return { problem: await missing(kind, key, loader) }
  const { manifest } = found
  if ('platforms' in manifest && !manifest.platforms.some((one) => one === platform))
    throw fail('COLLECTOR_PLATFORM', { key, platform })
  if (manifest.kind === 'Collector' && manifest.permissions.length > 0 && !hasCluster) throw fail('CLUSTER_NEEDED', { key })
  const plugin = (await found.load()) as CollectorPlugin | HostCollectorPlugin
  const parsed = await parseConfig(plugin.configSchema, entry.config)
  if ('issues' in parsed) throw fail('COLLECTOR_CONFIG', { key, issues: parsed.issues })
  const warnings = parsed.ignored.map((path) => ({
    code: 'COLLECTOR_CONFIG',
    message: `collector "${key}" does not know "${path}"; it was ignored`,
  }))
  return { key, source, config: parsed.value, plugin, warnings }
}

/** A plug-in that did not load cannot tell its key; its folder mostly is that key in other letters. */
async function missing(kind: 'HostCollector' | 'Collector', key: string, loader: Loader): Promise<Problem> {
  const letters = (name: string) => name.toLowerCase().replaceAll('-', '')
  const { problems } = await loader.all()
  const own = problems.find(({ folder }) => [key, `host${key}`].map(letters).includes(letters(basename(folder))))
  return own ? plain(own) : asProblem(fail('COLLECTOR_UNKNOWN', { key, hint: hint(key, await loader.keys(kind)) }))
}

const plain = ({ code, message, remedy }: Problem): Problem => ({ code, message, remedy })
