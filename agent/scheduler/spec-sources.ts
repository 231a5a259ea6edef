import { fail } from '../../core/errors.ts'
import { type JobSpec, type JobSpecSource, specSourceName } from '../../core/job.ts'
import type { RunRequest, SpecSource } from '../../core/task.ts'
import type { Outside } from '../outside.ts'

/**
 * The specs of a job for its task, and the profile that adds to them: what is embedded as it is, what lies in objects of its namespace as texts read now, addresses
 * for the task to fetch. One that cannot be read fails the run, since a bundle without it would not be what was asked for.
 *
 * @param withheld Secrets that jobs upload with: no spec, whatever a job says
 * @throws SPEC_SOURCE, SPEC_URL_REFUSED, SECRET_WITHHELD
 */
export async function specSources(
  { collect, redact }: Pick<JobSpec, 'collect' | 'redact'>,
  outside: Pick<Outside, 'specSource' | 'specUrls'>,
  withheld: readonly string[],
): Promise<Pick<RunRequest, 'specs' | 'auto' | 'sources' | 'specUrls' | 'redactors'>> {
  const read = async (source: JobSpecSource, name: string): Promise<SpecSource[]> => {
    const { configMap, secret, url } = source
    if (secret && withheld.includes(secret.name)) throw fail('SECRET_WITHHELD', { what: `the Secret "${secret.name}"` })
    if (configMap) return [{ text: await outside.specSource({ kind: 'ConfigMap', ...configMap }), name }]
    if (secret) return [{ text: await outside.specSource({ kind: 'Secret', ...secret }), name }]
    return url === undefined ? [] : [{ url, name }]
  }
  const sources: SpecSource[] = []
  for (const [index, source] of collect.specs.entries()) sources.push(...(await read(source, specSourceName(source, index))))
  for (const [index, source] of redact.specs.entries()) {
    const name = specSourceName(source, index, 'redact.specs')
    sources.push(...(await read(source, name)).map((one) => ({ ...one, isRedactor: true })))
  }
  const redactors = redact.specs.flatMap(({ inline }) => (inline ? [inline] : []))
  const specUrls = outside.specUrls()
  return {
    specs: collect.specs.flatMap(({ inline }) => (inline ? [inline] : [])),
    ...(collect.auto ? { auto: collect.auto } : {}),
    ...(sources.length > 0 ? { sources } : {}),
    ...(specUrls.length > 0 ? { specUrls } : {}),
    ...(redactors.length > 0 ? { redactors } : {}),
  }
}
