import type { ObjectFacts, ObjectsByName } from './facts.ts'
import type { PackedLists } from './packed-lists.ts'

/** The lists of one namespace while objects in them are changed. Only those are unpacked of which objects are asked for. */
export interface OpenLists {
  has(name: string): boolean
  /** An object by `Kind/name`, in whichever list it is; what is changed in it is kept. */
  find(name: string): ObjectFacts | undefined
  /** Adds an object to a list, made if it is not there. */
  add(folder: string, name: string, object: ObjectFacts): void
  /** Packs the lists again that were opened. */
  close(): void
}

export function openLists(lists: PackedLists, namespace: string): OpenLists {
  const opened = new Map<string, ObjectsByName>()
  const open = (folder: string): ObjectsByName => {
    const list = opened.get(folder) ?? lists.objects(folder, namespace)
    opened.set(folder, list)
    return list
  }
  /** the folder of each object */
  const folders = new Map<string, string>()
  for (const folder of lists.folders()) for (const name of lists.names(folder, namespace)) folders.set(name, folder)

  return {
    has: (name) => folders.has(name),
    find(name) {
      const folder = folders.get(name)
      return folder === undefined ? undefined : open(folder).get(name)
    },
    add(folder, name, object) {
      open(folder).set(name, object)
      folders.set(name, folder)
    },
    close() {
      for (const [folder, list] of opened) lists.put(folder, namespace, list)
    },
  }
}
