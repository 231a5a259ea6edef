import { indentedJson, type Kube, missing, type Output, reasonLine } from '../../core/contract/index.ts'

interface Version {
  groupVersion: string
  version: string
}
interface Group {
  name: string
  versions: Version[]
  preferredVersion?: Version
}

/** Side by side, while lists have their turns as well. */
const AT_ONCE = 4

/** What kinds the server has: discovery, version by version. */
export async function apiResources(kube: Kube, signal: AbortSignal): Promise<Output[]> {
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
  const lists = new Map<string, object>()
  const rest = paths.values()
  const work = async () => {
    for (const path of rest) {
      const list = await read<object>(path)
      if (list) lists.set(path, list)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  const resources = paths.flatMap((path) => lists.get(path) ?? [])
  const outputs: Output[] = [
    indentedJson('cluster-resources/groups.json', groups),
    indentedJson('cluster-resources/resources.json', resources),
  ]
  if (errors.length === 0) return outputs
  const lines = errors.map(({ place, error }) => `${place}: ${reasonLine(error)}`)
  outputs.push(indentedJson('cluster-resources/groups-resources-errors.json', lines))
  const failed = errors.map(({ error }) => error)
  return [...outputs, missing('API_RESOURCES_MISSING', `which kinds the server has is not all known: ${lines[0]}`, failed)]
}

/** The group without a name is told at another place and in another form. */
function coreGroup(versions: string[]): Group[] {
  const all = versions.map((version) => ({ groupVersion: version, version }))
  return all[0] ? [{ name: '', versions: all, preferredVersion: all[0] }] : []
}
