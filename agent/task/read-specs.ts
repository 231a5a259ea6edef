import { fail, type Problem } from '../../core/errors.ts'
import { documentsFromObjects } from '../specs/parse.ts'
import { defaultClusterSpec } from '../specs/default-cluster-spec.ts'
import { defaultHostSpec } from '../specs/default-host-spec.ts'
import type { MergedSpec } from '../specs/document.ts'
import { mergeSpecs, unusedInCollection, withClusterDefaults } from '../specs/merge.ts'

/**
 * A job's embedded documents as one spec; none = the defaults, of the cluster if there is one, else of the host. With a
 * cluster, what every bundle of one has is added. Throws SPEC_INVALID.
 */
export function readSpecs(specs: readonly unknown[], hasCluster: boolean): { spec: MergedSpec; warnings: Problem[] } {
  if (specs.length === 0)
    return { spec: hasCluster ? withClusterDefaults(defaultClusterSpec()) : defaultHostSpec(), warnings: [] }
  const { documents, problems } = documentsFromObjects([...specs], 'collect.specs')
  const errors = problems.filter((problem) => problem.severity === 'error')
  if (errors.length > 0)
    throw fail('SPEC_INVALID', { source: 'collect.specs', issues: errors.map((error) => error.message).join('; ') })
  const merged = mergeSpecs(documents)
  return {
    spec: hasCluster ? withClusterDefaults(merged) : merged,
    warnings: [...problems, ...unusedInCollection(documents)].map(({ code, message }) => ({ code, message })),
  }
}
