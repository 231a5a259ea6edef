import { delimiter, join } from 'node:path'
import { fail, reasonOf } from '../errors.ts'
import { Entry, invalid } from './kubeconfig-entry.ts'
import { parsePlainYaml } from './plain-yaml.ts'

/** What loading needs of the outside. */
export interface KubeconfigSource {
  env: Readonly<Record<string, string | undefined>>
  homeFolder: string
  readFile(path: string): Promise<Buffer>
}

/** Several files as one, by kubectl's rule: the first file that names a cluster, user or context has it whole. */
export interface Kubeconfig {
  /** the files that were there */
  files: string[]
  currentContext: string | undefined
  clusters: Map<string, Entry>
  users: Map<string, Entry>
  contexts: Map<string, Entry>
}

/** Larger ones are not kubeconfigs: those of 200 clusters with certificates have 2 MB. */
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Where kubeconfigs are looked for: an explicit path alone, else the list in KUBECONFIG, else ~/.kube/config.
 * Of a list, those that do not exist are left out; an explicit one must exist.
 */
export function kubeconfigPaths(source: KubeconfigSource, explicit: string | undefined): string[] {
  if (explicit) return [explicit]
  const listed = (source.env['KUBECONFIG'] ?? '').split(delimiter).filter(Boolean)
  return listed.length > 0 ? listed : [join(source.homeFolder, '.kube', 'config')]
}

/**
 * Reads and merges kubeconfigs. No file at all gives an empty one.
 *
 * @throws KUBECONFIG_INVALID that names file, line or field
 */
export async function readKubeconfigs(source: KubeconfigSource, paths: readonly string[]): Promise<Kubeconfig> {
  const merged: Kubeconfig = { files: [], currentContext: undefined, clusters: new Map(), users: new Map(), contexts: new Map() }
  for (const path of new Set(paths)) {
    const text = await readText(source, path)
    if (text === undefined) continue
    const root = new Entry(await parse(text, path), { file: path, path: '' })
    merged.files.push(path)
    merged.currentContext ??= root.text('current-context')
    addNamed(merged.clusters, root, 'clusters', 'cluster')
    addNamed(merged.users, root, 'users', 'user')
    addNamed(merged.contexts, root, 'contexts', 'context')
  }
  return merged
}

function addNamed(into: Map<string, Entry>, root: Entry, list: string, field: string): void {
  for (const item of root.maps(list)) {
    const name = item.text('name')
    if (name === undefined) throw invalid(item.place, 'has no name')
    const place = { file: root.place.file, path: `${list}["${name}"]` }
    if (!into.has(name)) into.set(name, new Entry(item.raw[field], place))
  }
}

async function readText(source: KubeconfigSource, path: string): Promise<string | undefined> {
  try {
    const bytes = await source.readFile(path)
    if (bytes.length > MAX_BYTES) throw fail('KUBECONFIG_INVALID', { path, reason: 'the file is too large' })
    return bytes.toString('utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code === 'KUBECONFIG_INVALID') throw error
    throw fail('KUBECONFIG_INVALID', { path, reason: `it cannot be read: ${reasonOf(error)}` }, error)
  }
}

/** The YAML package costs more to load than all else that a fast verb does, so it is only loaded for what needs it. */
async function parse(text: string, path: string): Promise<unknown> {
  if (/^\s*\{/.test(text)) {
    try {
      return JSON.parse(text) as unknown
    } catch {
      // flow YAML looks like JSON
    }
  }
  const plain = parsePlainYaml(text)
  if (plain !== undefined) return plain
  const { parseYaml } = await import('../yaml.ts')
  const { value, issues } = parseYaml(text)
  const [issue] = issues
  if (issue) throw fail('KUBECONFIG_INVALID', { path, reason: `line ${issue.line}: ${issue.message}` })
  return value
}
