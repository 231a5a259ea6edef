import { basename, dirname } from 'node:path'
import type { Clock, Logger, RunIdentity, UploaderContext, UploaderPlugin } from '../../core/contract/index.ts'
import { fail } from '../../core/errors.ts'
import { hint } from '../../core/suggest.ts'
import type { DeliverRequest } from '../../core/task.ts'
import { parseConfig } from '../loader/config.ts'
import type { Loader } from '../loader/loader.ts'

export interface TargetEdge {
  loader: Loader
  clock: Clock
  log: Logger
  signal: AbortSignal
  state: UploaderContext<unknown>['state']
}

/** An uploader with its parsed config, ready to be called. Throws UPLOADER_UNKNOWN, UPLOADER_CONFIG. */
export async function openTarget(
  target: DeliverRequest['target'],
  run: Omit<RunIdentity, 'slot'> & { slot: string },
  edge: TargetEdge,
): Promise<{ plugin: UploaderPlugin; context: UploaderContext<unknown> }> {
  const name = target.uploader
  const plugin = await findUploader(name, edge.loader)
  const parsed = await parseConfig(plugin.configSchema, target.config)
  if ('issues' in parsed || parsed.ignored.length > 0)
    throw fail('UPLOADER_CONFIG', {
      name,
      issues: 'issues' in parsed ? parsed.issues : `${parsed.ignored.join(', ')}: not a known key`,
    })
  const declared = plugin.manifest.secretKeys.map((one) => one.name)
  const secret = (key: string) => {
    // A Secret may hold more than is for this uploader.
    if (!declared.includes(key)) throw fail('UPLOADER_CONFIG', { name, issues: `its manifest names no secret key "${key}"` })
    const value = target.secrets[key]
    if (value === undefined) throw fail('UPLOADER_CONFIG', { name, issues: `the secret key "${key}" was not given` })
    return value
  }
  const { clock, log, signal, state } = edge
  return {
    plugin,
    context: { config: parsed.value, run: { ...run, slot: new Date(run.slot) }, signal, log, clock, secret, state },
  }
}

/** Throws UPLOADER_UNKNOWN with the nearest name, or PLUGIN_NOT_LOADED with the reason. */
export async function findUploader(name: string, loader: Loader): Promise<UploaderPlugin> {
  const found = await loader.find('Uploader', name)
  if (found) return (await found.load()) as UploaderPlugin
  const { problems } = await loader.all()
  const own = problems.find(({ folder }) => basename(folder) === name && basename(dirname(folder)) === 'uploaders')
  if (own) throw fail('PLUGIN_NOT_LOADED', { path: own.folder, reason: own.reason })
  const known = await loader.keys('Uploader')
  throw fail('UPLOADER_UNKNOWN', { name, hint: hint(name, known), known: known.join(', ') })
}
