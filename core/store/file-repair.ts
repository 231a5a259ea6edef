import { dirname } from 'node:path'
import type { Clock } from '../clock.ts'
import { asProblem, fail } from '../errors.ts'
import type { Kind } from '../names.ts'
import { readDocument } from './document-file.ts'
import { discard, type Disk, linkNew, makeFolder, removeFile, replaceFile } from './durable-file.ts'
import { storeError } from './file-system.ts'
import type { Folders } from './folders.ts'
import type { OnProblem, Ref, Stored } from './store.ts'

/** What cannot be made again from other records. Requests and templates are copies of what someone has elsewhere or can type again. */
const KEPT: ReadonlySet<Kind> = new Set(['job', 'ledger', 'run'])

const RESTORED = { restored: 'the last copy was put back', remedy: 'nothing to do; if it happens again, check the disk' }
const LOST = {
  restored: 'there is no good copy of it',
  remedy: 'make it again, or put a corrected file back; if it happens again, check the disk',
}

/** Second copies of documents, and what is done about damaged ones. */
export interface Repair {
  isKept(ref: Ref): boolean
  /** Keeps a copy of what was just written. What fails is told, not thrown: the document itself is safe. */
  keep(ref: Ref, bytes: Uint8Array): Promise<void>
  forget(ref: Ref): Promise<void>
  /** The copy, if there is a good one. Throws when that cannot be known now. */
  copy(ref: Ref): Promise<{ stored: Stored; bytes: Buffer } | undefined>
  /** Moves a damaged file aside and puts the copy in its place. The caller holds its lock. Gives what is there afterwards. */
  mend(ref: Ref, path: string): Promise<Stored | undefined>
  /** Tells about a state of a file that could not be cared for; once, as it is met again with each reading. */
  tellOnce(path: string, version: string, error: unknown): void
}

export function createRepair(options: {
  disk: Disk
  folders: Folders
  clock: Clock
  onProblem: OnProblem
  hasCopies: boolean
}): Repair {
  const { disk, folders, clock, onProblem, hasCopies } = options
  const told = new Set<string>()
  const isKept = (ref: Ref) => hasCopies && KEPT.has(ref.kind)

  const copy = async (ref: Ref) => {
    if (!isKept(ref)) return undefined
    const found = await readDocument(disk.fs, folders.backup(ref), ref)
    return found.is === 'good' ? found : undefined
  }

  return {
    isKept,
    async keep(ref, bytes) {
      if (!isKept(ref)) return
      const path = folders.backup(ref)
      await replaceFile(disk, path, bytes, 'quick').catch((error: unknown) => onProblem(asProblem(storeError(error, path))))
    },
    forget: (ref) => discard(disk.fs, folders.backup(ref)),
    copy,
    async mend(ref, path) {
      const found = await readDocument(disk.fs, path, ref)
      if (found.is !== 'damaged') return found.is === 'good' ? found.stored : undefined
      if (ref.kind === 'status') {
        await removeFile(disk.fs, path) // a cache: it will be made again
        return undefined
      }
      const good = await copy(ref)
      const aside = await setAside(disk, path, (at) => folders.aside(ref, at), clock.now())
      // The name is taken all the time: were it free for a moment, a run could be claimed twice.
      if (good) await replaceFile(disk, path, good.bytes, 'durable')
      else await removeFile(disk.fs, path)
      onProblem(asProblem(fail('STORE_FILE_CORRUPT', { file: path, reason: found.reason, aside, ...(good ? RESTORED : LOST) })))
      return good?.stored
    },
    tellOnce(path, version, error) {
      const key = `${path} ${version}`
      if (!told.has(key)) onProblem(asProblem(error))
      told.add(key)
    },
  }
}

/** Gives the file a second name, and answers with it. A crash before the first name is reused leaves both. */
async function setAside({ fs }: Disk, path: string, nameAt: (at: Date) => string, now: Date): Promise<string> {
  await makeFolder(fs, dirname(nameAt(now)))
  for (let at = now.getTime(); ; at++) {
    const aside = nameAt(new Date(at))
    if (await linkNew(fs, path, aside)) return aside
  }
}
