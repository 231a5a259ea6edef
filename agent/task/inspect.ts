import { isPluginError } from '../../core/contract/index.ts'
import { asProblem, fail, reasonOf } from '../../core/errors.ts'
import { hint } from '../../core/suggest.ts'
import type { InspectRequest, InspectResult, PluginsRequest, PluginsResult, SpecIssue } from '../../core/task.ts'
import { findUploader } from '../delivery/target.ts'
import { parseConfig } from '../loader/config.ts'
import type { Loader } from '../loader/loader.ts'
import { asError } from '../loader/thrown.ts'
import { documentsFromObjects, parseDocuments } from '../specs/parse.ts'
import { mergeSpecs } from '../specs/merge.ts'
import { planCollectors } from './plan.ts'

type Source = InspectRequest['sources'][number]
type Target = InspectRequest['targets'][number]

/** Reads specs and upload targets, and says what would run and what is wrong. Collects and sends nothing. */
export async function inspectTask(request: InspectRequest, edge: { loader: Loader; platform: string }): Promise<InspectResult> {
  const read = request.sources.map(readSource)
  const issues: SpecIssue[] = read.flatMap((one) => one.problems)
  const spec = mergeSpecs(read.flatMap((one) => one.documents))
  const { planned, unplanned, problems } = await planCollectors(spec, edge.loader, { platform: edge.platform, hasCluster: true })
  issues.push(...problems.map((problem) => ({ ...problem, severity: 'warning' as const, source: 'plug-ins' })))
  for (const { key, warnings } of planned)
    issues.push(...warnings.map((warning) => ({ ...warning, severity: 'warning' as const, source: key })))
  for (const { problem, source } of unplanned) if (problem) issues.push({ ...problem, severity: 'error', source })
  const isEmpty = request.sources.length > 0 && planned.length + unplanned.length === 0
  if (isEmpty && issues.every((issue) => issue.severity === 'warning')) {
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
  const entries = [...spec.hostCollectors, ...spec.collectors]
  return {
    issues: issues.map(({ code, severity, message, source, line, column }) => ({
      code,
      severity,
      message,
      source,
      line,
      column,
    })),
    collectors: entries.map(({ key, source, isExcluded }) => ({ key, source, isExcluded })),
    documents: read.flatMap((one) => one.documents.map((document) => document.value)),
    targets,
  }
}

function readSource(source: Source) {
  return 'text' in source ? parseDocuments(source.text, source.name) : documentsFromObjects([source.value], source.name)
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
