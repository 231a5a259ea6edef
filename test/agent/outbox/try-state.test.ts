import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTryState } from '../../../agent/outbox/try-state.ts'

let folder = ''
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'try-state-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('what an uploader keeps between tries', () => {
  it('is read again as it was kept last', async () => {
    const path = join(folder, 'run', 'state-0.json')
    const state = openTryState(path)
    await Promise.all(Array.from({ length: 50 }, (_, part) => state.keep({ part })))
    expect(await openTryState(path).read()).toEqual({ part: 49 })
    expect(await readdir(join(folder, 'run'))).toEqual(['state-0.json'])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('is there when it is said to be, in the order of the calls', async () => {
    const path = join(folder, 'state-0.json')
    const state = openTryState(path)
    const found: string[] = []
    await Promise.all([1, 2, 3].map(async (value) => (await state.keep(value), found.push(await readFile(path, 'utf8')))))
    expect(Number(found[0])).toBeGreaterThanOrEqual(1)
    expect(found.at(-1)).toBe('3')
  })

  it.each([
    ['missing', undefined],
    ['half-written', '{"part": 4'],
  ])('is nothing when it is %s', async (_, text) => {
    const path = join(folder, 'state-0.json')
    if (text !== undefined) await writeFile(path, text)
    expect(await openTryState(path).read()).toBeUndefined()
  })

  it('that cannot be kept is told to who asked, and the next one is kept', async () => {
    const path = join(folder, 'state-0.json')
    await mkdir(`${path}.new`)
    const state = openTryState(path)
    await expect(state.keep(1)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining(path) })
    await rm(`${path}.new`, { recursive: true })
    await state.keep(2)
    expect(await state.read()).toBe(2)
  })

  it('is settled once nothing is on its way, also after a failure', async () => {
    const path = join(folder, 'state-0.json')
    const state = openTryState(path)
    void state.keep(1)
    await state.settled()
    expect(await state.read()).toBe(1)
    await mkdir(`${path}.new`)
    state.keep(2).catch(() => undefined)
    await state.settled()
  })

  it('may be nothing at all', async () => {
    const state = openTryState(join(folder, 'state-0.json'))
    await state.keep(undefined)
    expect(await state.read()).toBeNull()
  })
})
