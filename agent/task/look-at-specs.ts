import { refuseErrors, strictly } from '../../core/spec-issues.ts'
import type { FromTask, RunRequest } from '../../core/task.ts'
import { inspectTask, type InspectEdge } from './inspect.ts'

/**
 * Specs that nobody has looked at yet become specs to collect by: what is wrong with them is told first, and with an error among
 * it nothing is collected. Throws SPEC_INVALID.
 */
export async function lookAtSpecs(
  request: RunRequest,
  edge: InspectEdge & { say(message: FromTask): void },
): Promise<RunRequest> {
  const { unread, ...rest } = request
  if (!unread) return request
  const { sources, strict } = unread
  const { pluginFolders } = request
  const { issues, documents } = await inspectTask({ task: 'inspect-spec', sources, targets: [], pluginFolders }, edge)
  // Something is to be collected now: a plug-in that does not load costs its own part, not all of it.
  const known = issues.map((one) => (one.code === 'PLUGIN_NOT_LOADED' ? { ...one, severity: 'warning' as const } : one))
  const warnings = refuseErrors(sources.map(({ name }) => name).join(', '), strictly(strict, known))
  if (warnings.length > 0) edge.say({ type: 'issues', issues: warnings })
  return { ...rest, specs: [...rest.specs, ...documents] }
}
