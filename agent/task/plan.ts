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

/** Finds each entry's collector and parses its config. What cannot run is named, never dropped. */
export async function planCollectors(
  spec: MergedSpec,
  loader: Loader,
  platform: string,
): Promise<{ planned: PlannedCollector[]; unplanned: Unplanned[] }> {
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
        const result = await planEntry(kind, entry, loader, platform).catch((error: unknown) => ({ problem: asProblem(error) }))
        if ('problem' in result) unplanned.push({ key, source, isExcluded: false, problem: result.problem })
        else planned.push(result)
      }
    }
  return { planned, unplanned }
}

async function planEntry(
  kind: 'HostCollector' | 'Collector',
  entry: Entry,
  loader: Loader,
  platform: string,
): Promise<PlannedCollector> {
  const { key, source } = entry
  const found = await loader.find(kind, key)
  if (!found) throw fail('COLLECTOR_UNKNOWN', { key, hint: hint(key, await loader.keys(kind)) })
  const { manifest } = found
  if ('platforms' in manifest && !manifest.platforms.some((one) => one === platform))
    throw fail('COLLECTOR_PLATFORM', { key, platform })
  if (manifest.kind === 'Collector' && manifest.permissions.length > 0)
    throw fail('NOT_SUPPORTED', {
      what: `collecting "${key}" from a cluster`,
      remedy: 'leave it out, or mark it with "exclude: true"',
    })
  const plugin = (await found.load()) as CollectorPlugin | HostCollectorPlugin
  const parsed = await parseConfig(plugin.configSchema, entry.config)
  if ('issues' in parsed) throw fail('COLLECTOR_CONFIG', { key, issues: parsed.issues })
  const warnings = parsed.ignored.map((path) => ({
    code: 'COLLECTOR_CONFIG',
    message: `collector "${key}" does not know "${path}"; it was ignored`,
  }))
  return { key, source, config: parsed.value, plugin, warnings }
}
