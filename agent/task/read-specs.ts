import { fail, type Problem } from '../../core/errors.ts'
import { documentsFromObjects } from '../specs/parse.ts'
import { defaultHostSpec } from '../specs/default-host-spec.ts'
import type { MergedSpec } from '../specs/document.ts'
import { mergeSpecs, unusedInCollection } from '../specs/merge.ts'

/** A job's embedded documents as one spec; none = the default host collectors. Throws SPEC_INVALID. */
export function readSpecs(specs: readonly unknown[]): { spec: MergedSpec; warnings: Problem[] } {
  if (specs.length === 0) return { spec: defaultHostSpec(), warnings: [] }
  const { documents, problems } = documentsFromObjects([...specs], 'collect.specs')
  const errors = problems.filter((problem) => problem.severity === 'error')
  if (errors.length > 0)
    throw fail('SPEC_INVALID', { source: 'collect.specs', issues: errors.map((error) => error.message).join('; ') })
  return {
    spec: mergeSpecs(documents),
    warnings: [...problems, ...unusedInCollection(documents)].map(({ code, message }) => ({ code, message })),
  }
}
