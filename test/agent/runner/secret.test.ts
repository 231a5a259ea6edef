import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { agentSecret, firstSecret } from '../../../agent/runner/secret.ts'

let folder = ''
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sbs-secret-'))))
afterEach(() => rm(folder, { recursive: true }))

describe('whom a runner obeys', () => {
  it('is the first, and nobody else', () => {
    const isKnown = firstSecret()
    expect(isKnown('first')).toBe(true)
    for (const other of ['second', '', 'firs', 'first ']) expect(isKnown(other)).toBe(false)
    expect(isKnown('first')).toBe(true)
  })
})

describe('the secret of an agent', () => {
  const path = () => join(folder, 'runner-secret')
  const made = (mark: string) => () => mark.repeat(40)

  it('stays the same over restarts, for its user only', async () => {
    expect(await agentSecret(path(), made('a'))).toBe('a'.repeat(40))
    expect(await agentSecret(path(), made('b'))).toBe('a'.repeat(40))
    expect((await stat(path())).mode & 0o777).toBe(0o600)
  })

  it('is made anew when what is there is none', async () => {
    await writeFile(path(), 'short')
    expect(await agentSecret(path(), made('c'))).toBe('c'.repeat(40))
    expect(await agentSecret(path(), made('d'))).toBe('c'.repeat(40))
  })
})
