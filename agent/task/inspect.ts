import { isPluginError } from '../../core/contract/index.ts'
import { asProblem, fail, reasonOf } from '../../core/errors.ts'
import { hint } from '../../core/suggest.ts'
import type { InspectRequest, InspectResult, PluginsRequest, PluginsResult, SpecIssue } from '../../core/task.ts'
import { findUploader } from '../delivery/target.ts'
import { parseConfig } from '../loader/config.ts'
import type { Loader } from '../loader/loader.ts'
import { asError } from '../loader/thrown.ts'
import { type SpecDocument, withoutUri } from '../specs/document.ts'
import { customRules } from '../redaction/custom-rules.ts'
import { fetchSpec } from '../specs/fetch-spec.ts'
import type { Interpreted } from '../specs/interpret.ts'
import { documentsFromObjects, parseDocuments } from '../specs/parse.ts'
import { mergeWithAuto } from '../specs/auto.ts'
import { mergeSpecs, unusedInCollection } from '../specs/merge.ts'
import { inspectedEntries } from './inspected-entries.ts'
import { type Plan, planCollectors } from './plan.ts'
import { analyzersOf } from './own-analyzers.ts'
import type { SpecEdge } from './read-specs.ts'

type Source = InspectRequest['sources'][number]
type Target = InspectRequest['targets'][number]

/** What stops a run with these redactors. */
const redactorIssues = ({ redactors, source, line }: SpecDocument): SpecIssue[] =>
  customRules(redactors).problems.map((message) => ({ code: 'SPEC_REDACTORS', severity: 'error', message, source, line }))

export interface InspectEdge extends SpecEdge {
  loader: Loader
  platform: string
}

/** Whoever asks for an address to be inspected is its user, and may fetch from anywhere. */
const ANYWHERE = ['https://', 'http://']

/** Reads specs and upload targets, and says what would run and what is wrong. Collects and sends nothing. */
export async function inspectTask(request: InspectRequest, edge: InspectEdge): Promise<InspectResult> {
  const read = await Promise.all(request.sources.map((source) => readSource(source, edge)))
  const issues: SpecIssue[] = read.flatMap((one) => one.problems)
  const documents = read.flatMap((one) => one.documents)
  const { auto } = request
  const added = auto && mergeWithAuto(documents, auto.profile, auto)
  const spec = added ? added.spec : mergeSpecs(documents)
  const plan = await planCollectors(spec, edge.loader, { platform: edge.platform, hasCluster: true })
  issues.push(...unusedInCollection(documents), ...issuesOf(plan))
  issues.push(...documents.flatMap(redactorIssues))
  issues.push(...(await analyzersOf(mergeSpecs(documents, 'analyze'), edge.clock.now())).problems)
  const count = plan.planned.length + plan.unplanned.length + documents.reduce((sum, one) => sum + one.redactors.length, 0)
  if (request.sources.length > 0 && count === 0 && issues.every((issue) => issue.severity === 'warning')) {
    const source = request.sources.map((one) => one.name).join(', ')
    issues.push({ ...asProblem(fail('SPEC_EMPTY', { source })), severity: 'error', source })
  }
  const targets: InspectResult['targets'] = []
  for (const target of request.targets) {
    try {
      targets.push(await readTarget(target, edge.loader))
    } catch (error) {
      issues.push({ ...asProblem(error), severity: 'error', source: 'upload' })
    }
  }
  return {
    issues: issues.map(({ code, severity, message, source, line, column }) => ({
      code,
      severity,
      message,
      source,
      line,
      column,
    })),
    collectors: inspectedEntries(spec, plan),
    documents: documents.map((document) => document.value),
    ...(added ? { auto: added.document } : {}),
    targets,
  }
}

/** What is wrong with the entries of a plan. */
function issuesOf({ planned, unplanned, problems }: Plan): SpecIssue[] {
  const issues: SpecIssue[] = problems.map((problem) => ({ ...problem, severity: 'warning', source: 'plug-ins' }))
  for (const { source, warnings } of [...planned, ...unplanned])
    issues.push(...warnings.map((warning) => ({ ...warning, severity: 'warning' as const, source })))
  for (const { problem, unsupported, source, entry } of unplanned) {
    if (problem) issues.push({ ...problem, severity: 'error', source })
    if (unsupported)
      issues.push({
        code: 'COLLECTOR_UNSUPPORTED',
        severity: 'warning',
        message: unsupported,
        source,
        ...entry.at?.([], 'key'),
      })
  }
  return issues
}

async function readSource(source: Source, edge: SpecEdge): Promise<Interpreted> {
  if ('value' in source) return documentsFromObjects([source.value], source.name)
  if ('text' in source) return parseDocuments(source.text, source.name)
  try {
    const read = parseDocuments(await fetchSpec(source.url, { ...edge, allowed: ANYWHERE }), source.name)
    return { ...read, documents: read.documents.map(withoutUri) }
  } catch (error) {
    edge.signal.throwIfAborted()
    return { documents: [], problems: [{ ...asProblem(error), severity: 'error', source: source.name }] }
  }
}

/** A target as the job keeps it: the uploader's name and a config that its schema takes. */
async function readTarget(target: Target, loader: Loader): Promise<InspectResult['targets'][number]> {
  const { uploader, config } =
    target.url === undefined ? { uploader: target.uploader ?? '', config: {} } : await fromUrl(target.url, loader)
  const plugin = await findUploader(uploader, loader)
  const whole = { ...config, ...target.config }
  const parsed = await parseConfig(plugin.configSchema, whole)
  if ('issues' in parsed) throw fail('UPLOADER_CONFIG', { name: uploader, issues: parsed.issues })
  if (parsed.ignored.length > 0)
    throw fail('UPLOADER_CONFIG', { name: uploader, issues: `${parsed.ignored.join(', ')}: not a known key` })
  return { uploader, config: whole }
}

async function fromUrl(text: string, loader: Loader): Promise<{ uploader: string; config: Record<string, unknown> }> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return { uploader: text, config: {} }
  const found = await loader.findScheme(scheme)
  const known = await loader.keys('Uploader')
  if (!found) throw fail('UPLOADER_UNKNOWN', { name: `${scheme}:`, hint: hint(scheme, known), known: known.join(', ') })
  const plugin = await findUploader(found.name, loader)
  try {
    return { uploader: found.name, config: (plugin.fromUrl?.(new URL(text)) ?? {}) as Record<string, unknown> }
  } catch (error) {
    if (isPluginError(error)) throw error
    throw fail('UPLOADER_CONFIG', { name: found.name, issues: reasonOf(asError(error)) })
  }
}

/** Everything that can be named in a spec or under `upload`, and what did not load. */
export async function pluginsTask(_: PluginsRequest, edge: { loader: Loader }): Promise<PluginsResult> {
  const { found, problems } = await edge.loader.all()
  const plugins = found.map(({ kind, name, key, manifest, isBuiltIn }) => ({
    kind,
    name,
    key,
    summary: manifest.summary,
    version: manifest.version,
    isBuiltIn,
  }))
  return { plugins, problems: problems.map(({ code, message, remedy }) => ({ code, message, remedy })) }
}
