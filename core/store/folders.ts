import { join } from 'node:path'
import { fail } from '../errors.ts'
import { type Kind, monthOf } from '../names.ts'
import { type FileSystem, ifThere } from './file-system.ts'
import type { Ref } from './store.ts'

const FOLDER: Record<Kind, string> = {
  job: 'jobs',
  status: 'status',
  ledger: 'ledger',
  run: 'executions',
  request: 'requests',
  template: 'templates',
}
const EXTENSION = '.json'
const MONTH = /^\d{4}-\d\d$/
/** DNS labels with dots between them: no path out of the folder, no hidden file. */
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const LONGEST_NAME = 200
const SLOT = /\.(\d{1,9})$/

export interface Entry {
  ref: Ref
  path: string
}

/** Where things are in the store's folder. Only methods that give promises look at the disk; a missing folder is an empty one. */
export interface Folders {
  /** where a new object goes; `at` is the time of its creation */
  home(ref: Ref, at: Date): string
  /** where an object is, if it is there */
  find(ref: Ref): Promise<string | undefined>
  lock(ref: Ref): string
  backup(ref: Ref): string
  /** where a damaged file goes */
  aside(ref: Ref, at: Date): string
  /** the folder of a kind; for runs it holds the months' folders, and locks */
  top(kind: Kind): string
  /** the folders that hold a kind's files, as far as they exist */
  of(kind: Kind): Promise<string[]>
  /** the objects' files in one folder */
  entries(kind: Kind, namespace: string, folder: string): Promise<Entry[]>
  /** folders that hold no objects, but temporary files at times */
  others: string[]
}

/** A manual run may have been created in any month; a scheduled one is in the month of the slot that it is named after. */
export const isOfUnknownMonth = ({ kind, name }: Ref) => kind === 'run' && !SLOT.test(name)

export function createFolders(root: string, fs: FileSystem): Folders {
  const runs = join(root, FOLDER.run)
  const months = async () => {
    const found = (await ifThere(fs.readdir(runs))) ?? []
    return found.flatMap((entry) => (isMonth(entry.name) ? [join(runs, entry.name)] : [])).sort()
  }
  const home = (ref: Ref, at: Date) =>
    join(root, FOLDER[ref.kind], ref.kind === 'run' ? monthFolder(ref.name, at) : '', file(ref))
  return {
    home,
    async find(ref) {
      if (!isOfUnknownMonth(ref)) return home(ref, new Date(0))
      for (const month of (await months()).reverse()) {
        const path = join(month, file(ref))
        if (await ifThere(fs.stat(path))) return path
      }
      return undefined
    },
    // not in the month's folder: creating a manual run is one decision for all months
    lock: (ref) => join(root, FOLDER[ref.kind], `${file(ref)}.lock`),
    backup: (ref) => join(root, 'backups', FOLDER[ref.kind], file(ref)),
    aside: (ref, at) =>
      join(root, 'corrupt', `${FOLDER[ref.kind]}-${ref.name}-${at.toISOString().replaceAll(/[:.]/g, '')}${EXTENSION}`),
    top: (kind) => join(root, FOLDER[kind]),
    of: async (kind) => (kind === 'run' ? months() : [join(root, FOLDER[kind])]),
    async entries(kind, namespace, folder) {
      const found = (await ifThere(fs.readdir(folder))) ?? []
      return found.flatMap((entry) => {
        const name = entry.isDirectory() ? undefined : nameOf(entry.name)
        return name === undefined ? [] : [{ ref: { kind, namespace, name }, path: join(folder, entry.name) }]
      })
    },
    others: [root, join(root, 'corrupt'), ...Object.values(FOLDER).map((folder) => join(root, 'backups', folder))],
  }
}

/** The object whose file is called so; undefined for temporary files, locks, and what else people leave lying in a folder. */
export function nameOf(fileName: string): string | undefined {
  const name = fileName.slice(0, -EXTENSION.length)
  return fileName.endsWith(EXTENSION) && isName(name) ? name : undefined
}

/** Throws JOB_NAME_INVALID unless the name can be a file's: names come from command lines too. */
export function checkName({ name }: Ref): void {
  if (!isName(name)) throw fail('JOB_NAME_INVALID', { name, reason: 'it cannot be the name of a file' })
}

/** A folder of runs is called so: 2026-11. */
export const isMonth = (folderName: string) => MONTH.test(folderName)

const isName = (name: string) => name.length <= LONGEST_NAME && NAME.test(name)

const file = ({ name }: Ref) => `${name}${EXTENSION}`

function monthFolder(name: string, createdAt: Date): string {
  const slot = SLOT.exec(name)?.[1]
  const month = monthOf(slot === undefined ? createdAt : new Date(Number(slot) * 60_000))
  return `${month.slice(0, 4)}-${month.slice(4)}`
}
