import { asProblem } from '../core/errors.ts'
import { type JobSpec, specSourceName } from '../core/job.ts'
import type { InspectRequest, SpecSource } from '../core/task.ts'
import type { CliEdge } from './cli-edge.ts'
import type { KubeArgs } from './kube-flags.ts'
import { warning } from './output/text.ts'
import { readNamed } from './specs.ts'

export interface SourceContext {
  edge: CliEdge
  args: KubeArgs & { namespace?: string | undefined }
  list(flag: 'as-group'): string[]
}

/**
 * The specs behind a word of the command line: a file, `-`, an http(s) address (fetched by the task program),
 * `secret/NAMESPACE/NAME[/KEY]` or `configmap/NAMESPACE/NAME[/KEY]`. Throws FILE_NOT_FOUND, SPEC_SOURCE, and what the store or
 * the API server throws.
 */
export async function readSource(context: SourceContext, word: string): Promise<SpecSource[]> {
  if (/^https?:\/\//i.test(word)) return [{ url: word, name: word }]
  const object = /^(secret|configmap)\/([^/]+)\/([^/]+)(?:\/([^/]+))?$/.exec(word)
  if (!object) return [{ text: await readNamed(context.edge, word), name: word }]
  const { readObject } = await import('./cluster-specs.ts')
  return readObject(context, word, object)
}

/**
 * The specs of a job that is in a cluster, those of its objects read now with the user's own rights. One that cannot be read is
 * a warning.
 */
export async function jobSources(
  context: SourceContext,
  namespace: string,
  specs: JobSpec['collect']['specs'],
): Promise<InspectRequest['sources']> {
  const sources: InspectRequest['sources'] = []
  for (const [index, source] of specs.entries()) {
    const { inline, configMap, secret, url } = source
    const name = specSourceName(source, index)
    const object = configMap ? `configmap/${namespace}/${configMap.name}/${configMap.key}` : undefined
    const word = object ?? (secret ? `secret/${namespace}/${secret.name}/${secret.key}` : url)
    if (inline) sources.push({ value: inline, name })
    else if (word !== undefined)
      try {
        sources.push(...(await readSource(context, word)).map((one) => ({ ...one, name })))
      } catch (error) {
        context.edge.err(warning(`${name}: ${asProblem(error).message}`))
      }
  }
  return sources
}
