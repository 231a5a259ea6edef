import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * A folder of the user's cache, made by `fill` in a temporary folder beside it if it is not there. One that was cut off leaves
 * nothing that counts, and of two who fill it at once one wins.
 *
 * @returns `folder`
 */
export async function cached(folder: string, fill: (folder: string) => Promise<void>): Promise<string> {
  if (existsSync(folder)) return folder
  await mkdir(dirname(folder), { recursive: true })
  const temp = await mkdtemp(`${folder}.tmp-`)
  try {
    await fill(temp)
    await rename(temp, folder)
  } catch (error) {
    await rm(temp, { recursive: true, force: true })
    // someone else was faster: a folder with something in it is never replaced
    if (!existsSync(folder)) throw error
  }
  return folder
}

/** Where what images are made of is kept for this user; the folder may be deleted at any time. */
export const imageCache = (env: NodeJS.ProcessEnv, homeFolder: string) =>
  join(env['XDG_CACHE_HOME'] || join(homeFolder, '.cache'), 'support-bundle-schedule', 'image')
