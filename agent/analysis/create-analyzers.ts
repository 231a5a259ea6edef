import { hint } from '../../core/suggest.ts'
import type { Entry, MergedSpec, SpecProblem } from '../specs/document.ts'
import { readBoolOrString } from '../specs/go-bool.ts'
import { failure, plainResult, settled } from './analyzer.ts'
import type { Analyzer } from './analyzer.ts'
import { nameOf, note } from './define.ts'
import type { Created } from './define.ts'
import { onNodes } from './on-nodes.ts'
import { CLUSTER_ANALYZERS, HOST_ANALYZERS } from './table.ts'
import type { Known } from './table.ts'

/**
 * Makes the analyzers of a spec, in its order, the cluster's before the host's. Excluded entries make none. Every other
 * entry makes one, whatever is wrong with it: unknown, badly written and not yet built ones have a result that says so.
 * `problems` are warnings for whoever wrote the spec, known before anything is collected; `at` is the time that certificates
 * are judged by.
 */
export function createAnalyzers(
  spec: Pick<MergedSpec, 'analyzers' | 'hostAnalyzers'>,
  at: Date,
): { analyzers: Analyzer[]; problems: SpecProblem[] } {
  const analyzers: Analyzer[] = []
  const problems: SpecProblem[] = []
  const add = (entry: Entry, { analyzer, notes }: Created) => {
    analyzers.push(analyzer)
    const { key, source, line } = entry
    for (const { text, path, code = 'ANALYZER_CONFIG' } of notes) {
      const message = `analyzer "${key}": ${text}`
      problems.push({ code, severity: 'warning', message, source, line, ...entry.at?.(path, 'key') })
    }
  }
  for (const entry of spec.analyzers) if (!entry.isExcluded) add(entry, badExclude(entry) ?? create(entry, CLUSTER_ANALYZERS, at))
  for (const entry of spec.hostAnalyzers) {
    if (entry.isExcluded) continue
    const made = () => create(entry, HOST_ANALYZERS, at)
    add(entry, { ...made(), analyzer: onNodes(() => made().analyzer) })
  }
  return { analyzers, problems }
}

function create({ key, config }: Entry, { built, notBuilt }: Known, at: Date): Created {
  const kind = built.get(key)
  if (kind) return kind.create(key, config, at)
  if (notBuilt.has(key)) {
    const text = 'not supported by this version'
    return {
      analyzer: settled(plainResult(nameOf(key, config), 'warn', text)),
      notes: [{ ...note(text), code: 'ANALYZER_UNSUPPORTED' }],
    }
  }
  const reason = `there is no analyzer "${key}"${hint(key, [...built.keys(), ...notBuilt])}`
  return { analyzer: settled(failure(nameOf(key, config), reason)), notes: [note(reason)] }
}

/** The peer's host analyzers run when `exclude` cannot be read; its others fail. */
function badExclude({ key, config }: Entry): Created | undefined {
  if (readBoolOrString(config['exclude']) !== undefined) return undefined
  const reason = `exclude is ${JSON.stringify(config['exclude'])}, neither true nor false`
  return { analyzer: settled(failure(nameOf(key, config), reason)), notes: [note(reason)] }
}
