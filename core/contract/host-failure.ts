import type { HostContext } from './collector.ts'
import { jsonFile } from './outputs.ts'
import type { FileOutput, Output, WarningOutput } from './plugin.ts'

/** Where bundles have the errors of host collectors; a collector that writes some declares it. */
export const HOST_ERRORS = 'host-collectors/errors'

/** What it takes of a context to say which entry failed, and when. */
export type Failing = Pick<HostContext<{ collectorName?: string | undefined }>, 'config' | 'clock'>

/**
 * The file that says why a host collector failed: in the place, and by the name, of the peer.
 *
 * @param title what the peer calls the collector when its entry has no `collectorName`
 */
export function hostErrorFile({ config, clock }: Failing, title: string, error: string): FileOutput {
  const collector = config.collectorName || title
  const timestamp = clock
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
  return jsonFile(`${HOST_ERRORS}/${collector}-error.json`, { collector, error, timestamp })
}

/** What a host collector yields that failed: the file, and the warning that stands in the report. */
export function* hostFailure(context: Failing, title: string, told: WarningOutput): Generator<Output> {
  yield hostErrorFile(context, title, told.message)
  yield told
}
