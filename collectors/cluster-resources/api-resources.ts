import { indentedJson, type Kube, missing, type Output, reasonLine } from '../../core/contract/index.ts'
import type { Kind } from './kinds.ts'

interface Version {
  groupVersion: string
  version: string
}
interface Group {
  name: string
  versions: Version[]
  preferredVersion?: Version
}

interface ResourceList {
  resources?: { name?: string }[]
}

/** What kinds the server has. */
export interface Discovery {
  outputs: Output[]
  /** the versions in which a kind may be there, `apps/v1`: also those of which nothing could be learned */
  servedApis(kind: Kind): string[]
}

/** Side by side, while lists have their turns as well. */
const AT_ONCE = 4

/** Discovery, version by version. */
export async function apiResources(kube: Kube, signal: AbortSignal): Promise<Discovery> {
  const errors: { place: string; error: unknown }[] = []
  const read = async <Value>(path: string): Promise<Value | undefined> => {
    try {
      const found = await kube.get(path)
      if (!found) throw Object.assign(new Error('not found'), { class: 'config' })
      return found.json as Value
    } catch (error) {
      signal.throwIfAborted()
      errors.push({ place: path, error })
      return undefined
    }
  }
  const [core, named] = await Promise.all([read<{ versions?: string[] }>('/api'), read<{ groups?: Group[] }>('/apis')])
  const groups = [...coreGroup(core?.versions ?? []), ...(named?.groups ?? [])]
  const paths = groups.flatMap(({ name, versions }) =>
    versions.map(({ groupVersion }) => (name === '' ? `/api/${groupVersion}` : `/apis/${groupVersion}`)),
  )
  const lists = new Map<string, ResourceList>()
  const rest = paths.values()
  const work = async () => {
    for (const path of rest) {
      const list = await read<ResourceList>(path)
      if (list) lists.set(path, list)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  const resources = paths.flatMap((path) => lists.get(path) ?? [])
  const outputs: Output[] = [
    indentedJson('cluster-resources/groups.json', groups),
    indentedJson('cluster-resources/resources.json', resources),
  ]
  const failed = new Set(errors.map(({ place }) => place))
  const mayHave = (api: string, plural: string) => {
    const [root, path] = api.includes('/') ? ['/apis', `/apis/${api}`] : ['/api', `/api/${api}`]
    return failed.has(root) || failed.has(path) || lists.get(path)?.resources?.some(({ name }) => name === plural) === true
  }
  const servedApis = ({ apis, plural }: Kind) => apis.filter((api) => mayHave(api, plural))
  return { outputs: [...outputs, ...lossOf(errors)], servedApis }
}

/** What was not learned, as a file and a warning; nothing when all was. */
function lossOf(errors: readonly { place: string; error: unknown }[]): Output[] {
  if (errors.length === 0) return []
  const lines = errors.map(({ place, error }) => `${place}: ${reasonLine(error)}`)
  const message = `which kinds the server has is not all known: ${lines[0]}`
  const reasons = errors.map(({ error }) => error)
  return [
    indentedJson('cluster-resources/groups-resources-errors.json', lines),
    missing('API_RESOURCES_MISSING', message, reasons),
  ]
}

/** The group without a name is told at another place and in another form. */
function coreGroup(versions: string[]): Group[] {
  const all = versions.map((version) => ({ groupVersion: version, version }))
  return all[0] ? [{ name: '', versions: all, preferredVersion: all[0] }] : []
}
