import {
  type CollectorContext,
  CONTRACT,
  defineCollector,
  type FileOutput,
  indentedJson,
  missing,
  pluginError,
  reasonLine,
} from '../../core/contract/index.ts'
import { readRevision, type Revision } from './release.ts'
import { HelmConfig } from './schema.ts'
import { storedRevisions, type Tell } from './stored.ts'

/** Revisions by number, of each release, of each namespace. */
type Releases = Map<string, Map<string, Map<number, Revision>>>

export default defineCollector<HelmConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'helm',
    version: '1.0.0',
    summary: 'releases of Helm and their history; values only when asked for',
    specKey: 'helm',
    // together: without Secrets there is hardly anything to be had
    permissions: [{ apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['list'], why: 'where Helm keeps releases' }],
    outputs: ['helm'],
  },
  configSchema: HelmConfig,
  async *collect(context) {
    const { config, signal } = context
    signal.throwIfAborted()
    const problems: [place: string, error: unknown][] = []
    const tell: Tell = (place, error) => problems.push([place, error])
    const releases = await readReleases(context, tell)
    signal.throwIfAborted()
    const { releaseName } = config
    if (releaseName && releases.size === 0 && problems.length === 0)
      tell(releaseName, pluginError('RELEASE_MISSING', 'there is no such release', { class: 'config' }))
    for (const [namespace, found] of byName(releases)) {
      const path = releaseName ? `helm/${namespace}/${releaseName}.json` : `helm/${namespace}.json`
      yield fileOf(path, namespace, found, tell)
    }
    const [first] = problems
    if (!first) return
    const lines = problems.map(([place, error]) => `${place}: ${reasonLine(error)}`)
    yield indentedJson('helm/errors.json', lines)
    const more = lines.length > 1 ? ` (and ${lines.length - 1} more)` : ''
    const reasons = problems.map(([, error]) => error)
    yield missing('HELM_MISSING', `not all releases of Helm could be read: ${lines[0]}${more}`, reasons)
  },
})

/** One that cannot be read is told; where two places hold the same revision, Secrets come first. */
async function readReleases(context: CollectorContext<HelmConfig>, tell: Tell): Promise<Releases> {
  const releases: Releases = new Map()
  for await (const { namespace, name, payload } of storedRevisions(context, tell)) {
    try {
      const read = await readRevision(payload)
      // values can be large, and all of it is held
      const kept = context.config.collectValues ? read : { ...read, values: {}, userValues: {} }
      const inside = releases.get(namespace) ?? new Map<string, Map<number, Revision>>()
      const history = inside.get(kept.name) ?? new Map<number, Revision>()
      if (!history.has(kept.revision)) history.set(kept.revision, kept)
      releases.set(namespace, inside.set(kept.name, history))
    } catch (error) {
      tell(`${namespace}/${name}`, error)
    }
  }
  return releases
}

/** The releases of a namespace, indented by tabs as the peer does it. */
function fileOf(
  path: string,
  namespace: string,
  releases: ReadonlyMap<string, ReadonlyMap<number, Revision>>,
  tell: Tell,
): FileOutput {
  const texts = byName(releases).flatMap(([name, history]) => {
    try {
      return JSON.stringify(describe(namespace, name, history), undefined, '\t').replaceAll('\n', '\n\t')
    } catch {
      // nested deeper than can be written
      tell(`${namespace}/${name}`, new Error('its values cannot be written'))
      return []
    }
  })
  return { type: 'file', path, format: 'json', body: texts.length > 0 ? `[\n\t${texts.join(',\n\t')}\n]` : '[]' }
}

/** A release in the peer's words, the newest revision first; what is empty is left out. */
function describe(namespace: string, releaseName: string, history: ReadonlyMap<number, Revision>): object {
  const revisions = [...history.values()].toSorted((a, b) => b.revision - a.revision)
  const { chart, chartVersion, appVersion } = revisions[0] ?? {}
  return {
    releaseName,
    chart: chart || undefined,
    chartVersion: chartVersion || undefined,
    appVersion: appVersion || undefined,
    namespace,
    releaseHistory: revisions.map(({ revision, date, status, values, userValues }) => ({
      revision: String(revision),
      date,
      status,
      ...(status.startsWith('pending-') ? { isPending: true } : {}),
      ...(Object.keys(values).length > 0 ? { values } : {}),
      ...(Object.keys(userValues).length > 0 ? { userValues } : {}),
    })),
  }
}

const byName = <Value>(entries: Iterable<readonly [string, Value]>) => [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1))
