import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { isFailure } from '../../../core/errors.ts'
import type { Ref } from '../../../core/store/store.ts'
import { refused } from './conformance.ts'
import { type FileWorld, makeFileWorld } from './file-world.ts'

const job = (name: string): Ref => ({ kind: 'job', namespace: '', name })
const LARGE = 'x'.repeat(10_000)

/** Where a small disk can be had: root on Linux, mostly. */
const mount = mountSmallDisk()

describe.skipIf(!mount)('a disk that is really full', () => {
  let world: FileWorld | undefined
  afterEach(() => world?.cleanup())
  afterAll(() => mount?.unmount())

  it('refuses what does not fit, keeps what is there, and lets room be made', async () => {
    world = await makeFileWorld()
    const store = world.open({ folder: join(mount?.path ?? '', 'scheduler'), backup: false })
    const kept = await store.create(job('kept'), { text: 'kept' })
    let made = 0
    for (let isFull = false; !isFull; made += isFull ? 0 : 1) {
      isFull = await store.create(job(`job-${made}`), { text: LARGE }).then(
        () => false,
        (error: unknown) => {
          if (!isFailure(error, 'STORE_FULL')) throw error
          return true
        },
      )
    }
    expect(made).toBeGreaterThan(0)
    await refused('STORE_FULL', store.update(job('kept'), { text: LARGE }, kept.version))
    expect(await store.get(job('kept'))).toEqual(kept)
    // up to the last page, so that not even a lock fits
    for (let rest = 0; rest < 16; rest++) await store.create(job(`rest-${rest}`), { text: '' }).catch(() => undefined)
    await refused('STORE_FULL', store.update(job('kept'), { text: 'k' }, kept.version))
    const folder = join(mount?.path ?? '', 'scheduler', 'jobs')
    expect((await readdir(folder)).filter((name) => !name.endsWith('.json'))).toEqual([])
    expect(await readFile(join(folder, 'kept.json'), 'utf8')).toContain('"kept"')
    await store.remove(job('job-0'))
    await store.update(job('kept'), { text: 'k' }, kept.version)
    expect((await store.get(job('kept')))?.text).toBe('k')
    expect(world.problems).toEqual([])
  })
})

function mountSmallDisk() {
  const path = mkdtempSync(join(tmpdir(), 'full-disk-'))
  const give = () => rmSync(path, { recursive: true, force: true })
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', path], { stdio: 'ignore' })
    mkdirSync(join(path, 'scheduler'))
    return {
      path,
      unmount: () => {
        execFileSync('/bin/umount', [path])
        give()
      },
    }
  } catch {
    give()
    return undefined
  }
}
