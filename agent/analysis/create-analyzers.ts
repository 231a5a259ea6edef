import { hint } from '../../core/suggest.ts'
import type { Entry, MergedSpec, SpecProblem } from '../specs/document.ts'
import { readBoolOrString } from '../specs/go-bool.ts'
import { failure, plainResult, settled } from './analyzer.ts'
import type { Analyzer } from './analyzer.ts'
import { nameOf } from './define.ts'
import type { Created } from './define.ts'
import { CLUSTER_ANALYZERS, HOST_ANALYZERS } from './table.ts'
import type { Known } from './table.ts'

/**
 * Makes the analyzers of a spec, in its order, the cluster's before the host's. Excluded entries make none. Every other
 * entry makes one, whatever is wrong with it: unknown, badly written and not yet built ones have a result that says so.
 * `problems` are warnings for whoever wrote the spec, known before anything is collected.
 */
export function createAnalyzers(spec: Pick<MergedSpec, 'analyzers' | 'hostAnalyzers'>): {
  analyzers: Analyzer[]
  problems: SpecProblem[]
} {
  const analyzers: Analyzer[] = []
  const problems: SpecProblem[] = []
  const add = (entry: Entry, { analyzer, notes }: Created) => {
    analyzers.push(analyzer)
    const { key, source, line } = entry
    for (const note of notes)
      problems.push({ code: 'ANALYZER_CONFIG', severity: 'warning', message: `analyzer "${key}": ${note}`, source, line })
  }
  for (const entry of spec.analyzers) if (!entry.isExcluded) add(entry, badExclude(entry) ?? create(entry, CLUSTER_ANALYZERS))
  for (const entry of spec.hostAnalyzers) if (!entry.isExcluded) add(entry, create(entry, HOST_ANALYZERS))
  return { analyzers, problems }
}

function create({ key, config }: Entry, { built, notBuilt }: Known): Created {
  const kind = built.get(key)
  if (kind) return kind.create(key, config)
  if (notBuilt.has(key)) {
    const note = 'not supported by this version'
    return { analyzer: settled(plainResult(nameOf(key, config), 'warn', note)), notes: [note] }
  }
  const reason = `there is no analyzer "${key}"${hint(key, [...built.keys(), ...notBuilt])}`
  return { analyzer: settled(failure(nameOf(key, config), reason)), notes: [reason] }
}

/** The peer's host analyzers run when `exclude` cannot be read; its others fail. */
function badExclude({ key, config }: Entry): Created | undefined {
  if (readBoolOrString(config['exclude']) !== undefined) return undefined
  const reason = `exclude is ${JSON.stringify(config['exclude'])}, neither true nor false`
  return { analyzer: settled(failure(nameOf(key, config), reason)), notes: [reason] }
}
