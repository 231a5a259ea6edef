import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { writeArchive } from '../../tools/image/archive.ts'
import { ARCHITECTURES, KNOWN } from '../../tools/image/architectures.ts'
import type { ImageConfig } from '../../tools/image/config.ts'
import type { Entry } from '../../tools/image/contents.ts'
import { stage } from '../../tools/image/stage.ts'

/** Debian's static busybox: all that the images hold. */
export const BUSYBOX = '/bin/busybox'

/** What a pod's sandbox runs; containerd is told its name. */
export const PAUSE_IMAGE = 'localhost/pause:1'
/** A shell with busybox's commands. */
export const WORKLOAD_IMAGE = 'localhost/workload:1'

const PROGRAM = 0o755
const busybox: Entry = { path: BUSYBOX, mode: PROGRAM, content: { file: BUSYBOX } }

/**
 * Writes the archives of the images that every node has.
 *
 * @param folder to write into
 * @returns paths of the archives
 */
export async function writeTestImages(folder: string): Promise<string[]> {
  const pause = await write(folder, PAUSE_IMAGE, [busybox], [BUSYBOX, 'sleep', 'infinity'])
  const workload = await write(folder, WORKLOAD_IMAGE, [busybox, ...commands(), { path: '/tmp', mode: 0o1777 }], ['/bin/sh'])
  return [pause, workload]
}

/** A script for each command, in the place of a link: an image's entries are files and folders. */
function commands(): Entry[] {
  const names = execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).split('\n')
  return names
    .filter((name) => name && name !== 'busybox')
    .map((name) => ({
      path: `/bin/${name}`,
      mode: PROGRAM,
      content: { text: `#!${BUSYBOX} sh\nexec ${BUSYBOX} ${name} "$@"\n` },
    }))
}

async function write(folder: string, tag: string, entries: Entry[], command: string[]): Promise<string> {
  const rootfs = join(folder, 'rootfs')
  const architecture = KNOWN.find((one) => ARCHITECTURES[one].nodeArch === process.arch)
  if (!architecture) throw new Error(`there are no images for ${process.arch}`)
  await stage(entries, rootfs)
  const config: ImageConfig = { User: '', Env: ['PATH=/bin'], Entrypoint: [], Cmd: command, WorkingDir: '/', Labels: {} }
  const to = join(folder, `${tag.replaceAll(/\W/g, '-')}.tar`)
  await writeArchive([{ architecture, rootfs }], { to, tag, config, level: 1 })
  return to
}
