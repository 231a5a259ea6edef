import type { Clock } from '../../core/clock.ts'
import { asProblem, fail, type Problem } from '../../core/errors.ts'
import type { RunRequest } from '../../core/task.ts'
import { mergeWithAuto } from '../specs/auto.ts'
import { defaultClusterSpec } from '../specs/default-cluster-spec.ts'
import { defaultHostSpec } from '../specs/default-host-spec.ts'
import { isRecord, problemText, withoutUri } from '../specs/document.ts'
import type { MergedSpec, SpecDocument, SpecProblem } from '../specs/document.ts'
import { type Fetch, fetchSpec } from '../specs/fetch-spec.ts'
import type { Interpreted } from '../specs/interpret.ts'
import { mergeSpecs, redactorsOf, unusedInCollection, withClusterDefaults } from '../specs/merge.ts'
import { documentsFromObjects, parseDocuments } from '../specs/parse.ts'

export interface SpecEdge {
  fetch: Fetch
  signal: AbortSignal
  clock: Clock
}

export interface ReadSpecs {
  spec: MergedSpec
  /** of all Redactor documents, in their order */
  redactors: Record<string, unknown>[]
  warnings: Problem[]
  /** a spec asks for host collectors on nodes ("runHostCollectorsInPod") */
  wantsNodes: boolean
}

type Asked = Pick<RunRequest, 'specs' | 'sources' | 'specUrls' | 'auto' | 'cluster'>

/**
 * All documents of a run as one spec, with what its profile adds; none of both = the defaults, of the cluster if there is one,
 * else of the host. With a cluster, what every bundle of one has is added. Throws SPEC_INVALID; SPEC_SOURCE and SPEC_URL_REFUSED for what cannot be fetched.
 */
export async function readSpecs(
  { specs, sources = [], specUrls = [], auto, cluster }: Asked,
  edge: SpecEdge,
): Promise<ReadSpecs> {
  const hasCluster = cluster !== undefined
  const fetch = (url: string) => fetchSpec(url, { ...edge, allowed: specUrls })
  const read: Interpreted[] = [documentsFromObjects([...specs], 'collect.specs')]
  for (const source of sources) {
    const found = parseDocuments('text' in source ? source.text : await fetch(source.url), source.name)
    const own = 'url' in source ? fromElsewhere(found) : found
    read.push(source.isRedactor ? onlyRedactors(own, source.name) : own)
  }
  const problems = read.flatMap((one) => one.problems)
  refuse(problems)
  const documents: SpecDocument[] = []
  for (const document of read.flatMap((one) => one.documents)) {
    const newer = await newerOf(document, fetch, edge.signal)
    documents.push(...newer.documents)
    problems.push(...newer.problems)
  }
  const asked = [
    ...(specs.length > 0 ? ['collect.specs'] : []),
    ...sources.filter((one) => !one.isRedactor).map(({ name }) => name),
  ]
  if (!auto && asked.length > 0 && documents.every(({ source, kind }) => kind === 'Redactor' && !asked.includes(source)))
    throw fail('SPEC_EMPTY', { source: asked.join(', ') })
  return {
    spec: auto
      ? mergeWithAuto(documents, auto, cluster).spec
      : asked.length > 0
        ? mergedSpec(documents, hasCluster)
        : defaultSpec(hasCluster),
    redactors: redactorsOf(documents),
    wantsNodes: documents.some(({ value: { spec } }) => isRecord(spec) && spec['runHostCollectorsInPod'] === true),
    warnings: [...problems, ...unusedInCollection(documents)].map(({ code, message }) => ({ code, message })),
  }
}

const defaultSpec = (hasCluster: boolean) => (hasCluster ? withClusterDefaults(defaultClusterSpec()) : defaultHostSpec())

function mergedSpec(documents: readonly SpecDocument[], hasCluster: boolean): MergedSpec {
  const merged = mergeSpecs(documents)
  return hasCluster ? withClusterDefaults(merged) : merged
}

/** Of a source that was named to redact: to collect by it too would be a surprise, and to redact nothing a worse one. */
function onlyRedactors({ documents, problems }: Interpreted, name: string): Interpreted {
  const message = 'there is no Redactor document, though it was named to redact by'
  const found = documents.filter(({ kind }) => kind === 'Redactor')
  if (found.length > 0) return { documents: found, problems }
  return { documents: [], problems: [...problems, { code: 'SPEC_REDACTORS', severity: 'error', message, source: name }] }
}

function refuse(problems: readonly SpecProblem[]): void {
  const errors = problems.filter((problem) => problem.severity === 'error')
  const [first] = errors
  if (first) throw fail('SPEC_INVALID', { source: first.source, issues: errors.map(({ message }) => message).join('; ') })
}

const fromElsewhere = (read: Interpreted): Interpreted => ({ ...read, documents: read.documents.map(withoutUri) })

/** The documents at `spec.uri` in place of this one; this one, with a warning, if they cannot be had. */
async function newerOf(
  document: SpecDocument,
  fetch: (url: string) => Promise<string>,
  signal: AbortSignal,
): Promise<Interpreted> {
  const { uri } = document
  if (uri === undefined) return { documents: [document], problems: [] }
  const kept = (reason: string): Interpreted => {
    const message = `spec.uri is not followed and the spec that is here is used: ${reason}`
    const { source, line } = document
    return { documents: [document], problems: [{ code: 'SPEC_URI', severity: 'warning', message, source, line }] }
  }
  try {
    const newer = parseDocuments(await fetch(uri), uri)
    const errors = newer.problems.filter((problem) => problem.severity === 'error')
    if (errors.length > 0) return kept(errors.map(problemText).join('; '))
    return newer.documents.length > 0 ? newer : kept('there is no troubleshoot document')
  } catch (error) {
    signal.throwIfAborted()
    return kept(asProblem(error).message)
  }
}
