import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { localTokenKey } from '../../../core/store/token-key.ts'

let folder = ''
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sbs-key-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the token key of this computer', () => {
  it('is made once, for its user only, and stays', async () => {
    const key = await localTokenKey(folder, randomBytes)
    expect(key).toMatch(/^[0-9a-f]{64}$/)
    expect(await localTokenKey(folder, randomBytes)).toBe(key)
    const file = join(folder, 'config', 'token.key')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'config'))).mode & 0o777).toBe(0o700)
    expect(await readdir(join(folder, 'config'))).toEqual(['token.key'])
  })

  it('is one key for many who make it at once', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => localTokenKey(folder, randomBytes)))
    expect(new Set(keys).size).toBe(1)
  })

  it.each(['', 'abc', `${'g'.repeat(64)}\n`])('is not taken from a file that holds %j', async (text) => {
    await mkdir(join(folder, 'config'))
    await writeFile(join(folder, 'config', 'token.key'), text)
    await expect(localTokenKey(folder, randomBytes)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('is none where a file stands in the way', async () => {
    await writeFile(join(folder, 'config'), '')
    await chmod(join(folder, 'config'), 0o600)
    await expect(localTokenKey(folder, randomBytes)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })
})
