import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTryState } from '../../../agent/outbox/try-state.ts'

let folder = ''
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'try-state-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('what an uploader keeps between tries', () => {
  it('is read again as it was written last', async () => {
    const path = join(folder, 'run', 'state-0.json')
    const state = openTryState(path)
    for (let part = 0; part < 50; part++) state.write({ part })
    await state.written()
    expect(await openTryState(path).read()).toEqual({ part: 49 })
    expect(await readdir(join(folder, 'run'))).toEqual(['state-0.json'])
  })

  it.each([
    ['missing', undefined],
    ['half-written', '{"part": 4'],
  ])('is nothing when it is %s', async (_, text) => {
    const path = join(folder, 'state-0.json')
    if (text !== undefined) await writeFile(path, text)
    expect(await openTryState(path).read()).toBeUndefined()
  })

  it('that cannot be written is told by who waits for it, and not before', async () => {
    await writeFile(join(folder, 'run'), 'a file in the way')
    const state = openTryState(join(folder, 'run', 'state-0.json'))
    state.write(1)
    await new Promise((resolve) => setImmediate(resolve))
    await expect(state.written()).rejects.toThrow()
  })

  it('may be nothing at all', async () => {
    const state = openTryState(join(folder, 'state-0.json'))
    state.write(undefined)
    await state.written()
    expect(await state.read()).toBeNull()
  })
})
