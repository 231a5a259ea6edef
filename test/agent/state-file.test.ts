import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writePrivate } from '../../agent/state-file.ts'

describe('a private file', () => {
  it('is whole, for its user alone, whatever was there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'state-file-'))
    const path = join(folder, 'token')
    await writeFile(path, 'an older and longer one')
    await chmod(path, 0o644)
    await writeFile(`${path}.new`, 'left by a crash')
    await chmod(`${path}.new`, 0o644)
    await writePrivate(path, 'secret')
    expect(await readFile(path, 'utf8')).toBe('secret')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['token'])
    await rm(folder, { recursive: true })
  })
})
