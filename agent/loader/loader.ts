import { join } from 'node:path'
import {
  type CollectorManifest,
  type CollectorPlugin,
  type HostCollectorManifest,
  type HostCollectorPlugin,
  manifestProblems,
  type PluginKind,
  type UploaderManifest,
  type UploaderPlugin,
} from '../../core/contract/index.ts'
import { asProblem, fail, type Problem, reasonOf } from '../../core/errors.ts'
import { asError } from './thrown.ts'

export type AnyManifest = CollectorManifest | HostCollectorManifest | UploaderManifest
export type AnyPlugin = CollectorPlugin | HostCollectorPlugin | UploaderPlugin

/** A plug-in that was found; `load` imports it, at most once. */
export interface Found {
  kind: PluginKind
  /** that of its folder, too */
  name: string
  folder: string
  /** specKey of a collector, name of an uploader */
  key: string
  manifest: AnyManifest
  isBuiltIn: boolean
  load(): Promise<AnyPlugin>
}

/** A folder that gave no plug-in, and why. */
export interface LoadProblem extends Problem {
  folder: string
  reason: string
}

/** The file system and the module loader, as the loader needs them. Paths are absolute. */
export interface LoaderEdge {
  /** folders inside a folder, sorted; none when it does not exist */
  folders(path: string): Promise<string[]>
  readJson(path: string): Promise<unknown>
  importDefault(path: string): Promise<unknown>
  /** told before third-party code runs, so that the parent can name it when it hangs there */
  onImport(path: string): void
}

export interface Loader {
  find(kind: PluginKind, key: string): Promise<Found | undefined>
  /** the uploader that understands URLs of a scheme */
  findScheme(scheme: string): Promise<Found | undefined>
  /** keys of one kind, for hints */
  keys(kind: PluginKind): Promise<string[]>
  all(): Promise<{ found: Found[]; problems: LoadProblem[] }>
}

const ROOMS = { collectors: ['Collector', 'HostCollector'], uploaders: ['Uploader'] } as const satisfies Record<
  string,
  readonly PluginKind[]
>
type Room = keyof typeof ROOMS

/**
 * Finds collectors and uploaders by folder. Built-in ones are known by their `manifest.json` and imported only when named;
 * third-party folders hold just `index.js` and are imported only when a name is not built in. A folder gives a plug-in or a
 * problem, never an error; of two with one key the first stays, and built-in ones come first.
 */
export function createLoader(libFolder: string, pluginFolders: readonly string[], edge: LoaderEdge): Loader {
  const builtIn = once(async () => collect(await Promise.all(rooms(libFolder).map((room) => scan(room, true, edge)))))
  const everything = once(async () => {
    const own = await builtIn()
    const others: Scan[] = []
    for (const room of pluginFolders.flatMap(rooms)) others.push(await scan(room, false, edge))
    return withoutTwins(own, collect(others))
  })
  const pick = async (wanted: (found: Found) => boolean) =>
    (await builtIn()).found.find(wanted) ?? (pluginFolders.length > 0 ? (await everything()).found.find(wanted) : undefined)
  return {
    find: (kind, key) => pick((found) => found.kind === kind && found.key === key),
    findScheme: (scheme) => pick((found) => 'schemes' in found.manifest && found.manifest.schemes.includes(scheme)),
    keys: async (kind) => (await everything()).found.filter((found) => found.kind === kind).map((found) => found.key),
    all: everything,
  }
}

interface Scan {
  found: Found[]
  problems: LoadProblem[]
}

const rooms = (folder: string): { room: Room; path: string }[] =>
  (Object.keys(ROOMS) as Room[]).map((room) => ({ room, path: join(folder, room) }))

async function scan(place: { room: Room; path: string }, isBuiltIn: boolean, edge: LoaderEdge): Promise<Scan> {
  const result: Scan = { found: [], problems: [] }
  const attempt = async <Value>(folder: string, work: () => Promise<Value>): Promise<Value | undefined> => {
    try {
      return await work()
    } catch (error) {
      result.problems.push(notLoaded(folder, reasonOf(asError(error)), error))
      return undefined
    }
  }
  for (const name of (await attempt(place.path, () => edge.folders(place.path))) ?? []) {
    const folder = join(place.path, name)
    const found = await attempt(folder, () => (isBuiltIn ? readBuiltIn : readForeign)(place.room, folder, name, edge))
    if (found) result.found.push(found)
  }
  return result
}

function notLoaded(folder: string, reason: string, cause?: unknown): LoadProblem {
  return { ...asProblem(fail('PLUGIN_NOT_LOADED', { path: folder, reason }, cause)), folder, reason }
}

async function readBuiltIn(room: Room, folder: string, name: string, edge: LoaderEdge): Promise<Found> {
  const manifest = checkManifest(room, name, await edge.readJson(join(folder, 'manifest.json')))
  const load = once(async () => {
    try {
      return checkPlugin(room, name, await edge.importDefault(join(folder, 'index.js')))
    } catch (error) {
      throw fail('PLUGIN_NOT_LOADED', { path: folder, reason: reasonOf(asError(error)) }, error)
    }
  })
  return { kind: manifest.kind, name, folder, key: keyOf(manifest), manifest, isBuiltIn: true, load }
}

async function readForeign(room: Room, folder: string, name: string, edge: LoaderEdge): Promise<Found> {
  edge.onImport(folder)
  const plugin = checkPlugin(room, name, await edge.importDefault(join(folder, 'index.js')))
  const { manifest } = plugin
  return { kind: manifest.kind, name, folder, key: keyOf(manifest), manifest, isBuiltIn: false, load: async () => plugin }
}

function checkManifest(room: Room, name: string, value: unknown): AnyManifest {
  const kind = (value as { kind?: unknown } | null)?.kind
  const expected = ROOMS[room].find((one) => one === kind) ?? ROOMS[room][0]
  const problems = manifestProblems(value, expected)
  if (problems.length > 0) throw new Error(problems.join('; '))
  const manifest = value as AnyManifest
  if (manifest.name !== name) throw new Error(`its name is "${manifest.name}", its folder "${name}"`)
  return manifest
}

function checkPlugin(room: Room, name: string, value: unknown): AnyPlugin {
  if (typeof value !== 'object' || value === null) throw new Error('it has no default export that is an object')
  const plugin = value as AnyPlugin
  const manifest = checkManifest(room, name, plugin.manifest)
  const verb = manifest.kind === 'Uploader' ? 'upload' : 'collect'
  if (typeof Reflect.get(plugin, verb) !== 'function') throw new Error(`it has no function "${verb}"`)
  if (typeof plugin.configSchema?.['~standard']?.validate !== 'function')
    throw new Error('its configSchema is no Standard Schema')
  return plugin
}

const keyOf = (manifest: AnyManifest) => ('specKey' in manifest ? manifest.specKey : manifest.name)

const collect = (scans: Scan[]): Scan => ({
  found: scans.flatMap((scan) => scan.found),
  problems: scans.flatMap((scan) => scan.problems),
})

/** One name or one key, one plug-in: a second one is a problem, never an override. */
function withoutTwins(own: Scan, others: Scan): Scan {
  const result: Scan = { found: [...own.found], problems: [...own.problems, ...others.problems] }
  for (const found of others.found) {
    const twin = result.found.find((other) => isTwin(other, found))
    if (!twin) result.found.push(found)
    else {
      const what = twin.kind === found.kind && twin.key === found.key ? `"${found.key}"` : `its name "${found.name}"`
      result.problems.push(
        notLoaded(found.folder, `${what} is taken by the ${twin.isBuiltIn ? 'built-in' : 'earlier'} plug-in "${twin.name}"`),
      )
    }
  }
  return result
}

function isTwin(a: Found, b: Found): boolean {
  const isUploader = (found: Found) => found.kind === 'Uploader'
  return (a.kind === b.kind && a.key === b.key) || (isUploader(a) === isUploader(b) && a.name === b.name)
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => (made ??= make())
}
