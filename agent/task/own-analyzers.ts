import type { Analyzer } from '../analysis/analyzer.ts'
import { OWN_FOLDER } from '../bundle/output-path.ts'
import type { Entry, MergedSpec, SpecProblem } from '../specs/document.ts'

/** Where a bundle keeps the analyzers that judged it. */
export const ANALYZERS_FILE = `${OWN_FOLDER}/analyzers.json`

/** The text of that file; undefined when there is nothing to judge by. */
export function encodeAnalyzers({ analyzers, hostAnalyzers }: MergedSpec): string | undefined {
  if (analyzers.length + hostAnalyzers.length === 0) return undefined
  const items = (entries: readonly Entry[]) => entries.map(({ key, config }) => ({ [key]: config }))
  const spec = { analyzers: items(analyzers), hostAnalyzers: items(hostAnalyzers) }
  const document = { apiVersion: 'troubleshoot.sh/v1beta2', kind: 'SupportBundle', metadata: { name: 'analyzers' }, spec }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

/** As `createAnalyzers`. Where there are none, the code of all of them, 150 kB, is not loaded. */
export async function analyzersOf(
  spec: Pick<MergedSpec, 'analyzers' | 'hostAnalyzers'>,
  at: Date,
): Promise<{ analyzers: Analyzer[]; problems: SpecProblem[] }> {
  if (spec.analyzers.length + spec.hostAnalyzers.length === 0) return { analyzers: [], problems: [] }
  const { createAnalyzers } = await import('../analysis/create-analyzers.ts')
  return createAnalyzers(spec, at)
}
