import { createHash } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '../errors.ts'
import { catalogued, ifThere, systemCode } from './file-system.ts'

const KEY = /^[0-9a-f]{64}$/
/** What lies in the Secret of a namespace too. */
export const TOKEN_KEY_BYTES = 32

/**
 * The key of this user's redaction tokens, as hexadecimal digits: `config/token.key` below the store's folder, made at first
 * use. Whoever loses it gets other tokens from then on. Throws what the store throws of a file.
 *
 * @param random so many random bytes
 */
export async function localTokenKey(folder: string, random: (bytes: number) => Uint8Array): Promise<string> {
  const config = join(folder, 'config')
  const path = join(config, 'token.key')
  const known = await catalogued(path, ifThere(readFile(path, 'utf8')))
  if (known === undefined) await catalogued(path, makeKey(config, path, Buffer.from(random(TOKEN_KEY_BYTES)).toString('hex')))
  const key = (known ?? (await catalogued(path, readFile(path, 'utf8')))).trim()
  if (!KEY.test(key))
    throw fail('STORE_UNAVAILABLE', { what: path, reason: 'it holds no token key; remove it to have a new one' })
  return key
}

/** Whole or not at all, and of several makers one wins. */
async function makeKey(config: string, path: string, key: string): Promise<void> {
  await mkdir(config, { recursive: true, mode: 0o700 })
  // Named by nothing of the key itself.
  const temp = `${path}.${createHash('sha256').update(key).digest('hex').slice(0, 8)}.tmp`
  try {
    await writeFile(temp, `${key}\n`, { mode: 0o600, flag: 'wx', flush: true })
    await link(temp, path)
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
  } finally {
    await rm(temp, { force: true })
  }
}
