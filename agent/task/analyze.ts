import type { Clock } from '../../core/clock.ts'
import { fail } from '../../core/errors.ts'
import type { AnalysisElement, AnalyzeRequest, AnalyzeTaskResult, FromTask } from '../../core/task.ts'
import { analysisElements } from '../analysis/analysis-json.ts'
import { readBundle } from '../bundle/read-bundle.ts'
import { problemText } from '../specs/document.ts'
import type { MergedSpec } from '../specs/document.ts'
import { mergeSpecs } from '../specs/merge.ts'
import { parseDocuments } from '../specs/parse.ts'
import { ANALYZERS_FILE, analyzersOf } from './own-analyzers.ts'

interface AnalyzeEdge {
  clock: Clock
  signal: AbortSignal
  say(message: FromTask): void
}

/** The largest file that analyzers are shown. */
const FILE_BYTES = 512 * 1024 * 1024
const SPEC_BYTES = 1024 * 1024
/** Of all results together, in characters: less than one message to the parent may have. */
const ANALYSIS_LENGTH = 6 * 1024 * 1024

/**
 * Judges a bundle that lies on disk by the analyzers of the specs, or by its own if there are none. Throws BUNDLE_NOT_READ,
 * ANALYZERS_MISSING, or SPEC_INVALID.
 */
export async function analyzeTask(request: AnalyzeRequest, edge: AnalyzeEdge): Promise<AnalyzeTaskResult> {
  const warn = (code: string, message: string) => edge.say({ type: 'warning', code, message })
  edge.say({ type: 'step', name: 'reading the spec' })
  const specs = request.specs.length > 0 ? request.specs : [await ownSpec(request.bundle, edge)]
  const { analyzers, hostAnalyzers } = readSpecs(specs, warn)
  const created = await analyzersOf({ analyzers, hostAnalyzers }, edge.clock.now())
  for (const { code, message } of created.problems) warn(code, message)

  edge.say({ type: 'step', name: 'reading the bundle' })
  const visitor = {
    wants: (path: string) => created.analyzers.some((one) => one.wants(path)),
    file: (path: string, bytes: Uint8Array) => {
      for (const one of created.analyzers) if (one.wants(path)) one.file(path, bytes)
    },
  }
  const { files, tooLarge } = await readBundle(request.bundle, visitor, FILE_BYTES, edge.signal)
  for (const path of tooLarge) for (const one of created.analyzers) if (one.wants(path)) one.passedOver?.(path)
  edge.say({ type: 'step', name: 'judging' })
  const results = created.analyzers.flatMap((one) => one.finish())
  const analysis = fitting(analysisElements(results))
  const left = results.length - analysis.length
  if (left > 0) warn('ANALYSIS_TOO_LONG', `${left} of ${results.length} results are left out: they are too many to be shown`)
  const count = (verdict: string) => results.filter((one) => one.verdict === verdict).length
  return { analysis, counts: { pass: count('pass'), warn: count('warn'), fail: count('fail') }, files }
}

/** As many of them, from the first on, as one message holds. */
function fitting(elements: readonly AnalysisElement[]): AnalysisElement[] {
  let length = 0
  const tooMany = elements.findIndex((one) => (length += JSON.stringify(one).length) > ANALYSIS_LENGTH)
  return tooMany < 0 ? [...elements] : elements.slice(0, tooMany)
}

function readSpecs(specs: AnalyzeRequest['specs'], warn: (code: string, message: string) => void): MergedSpec {
  const read = specs.map(({ text, name }) => parseDocuments(text, name))
  const problems = read.flatMap((one) => one.problems)
  const source = specs.map(({ name }) => name).join(', ')
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw fail('SPEC_INVALID', { source, issues: errors.map(problemText).join('; ') })
  for (const problem of problems) warn(problem.code, problemText(problem))
  const documents = read.flatMap((one) => one.documents)
  const spec = mergeSpecs(documents, 'analyze')
  if (spec.analyzers.length + spec.hostAnalyzers.length === 0) throw fail('ANALYZERS_MISSING', { what: source })
  return spec
}

/** The analyzers that judged the bundle when it was made. */
async function ownSpec(bundle: string, { signal }: AnalyzeEdge): Promise<{ text: string; name: string }> {
  let text: string | undefined
  const visitor = {
    wants: (path: string) => path === ANALYZERS_FILE,
    file: (_: string, bytes: Uint8Array) => void (text = new TextDecoder().decode(bytes)),
  }
  await readBundle(bundle, visitor, SPEC_BYTES, signal)
  if (text === undefined) throw fail('ANALYZERS_MISSING', { what: 'the bundle' })
  return { text, name: ANALYZERS_FILE }
}
