import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { cached, imageCache } from '../../../tools/image/cache.ts'

let top: string
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'cache-'))
})
afterEach(() => rmSync(top, { recursive: true }))

const filling = (text: string) => async (folder: string) => writeFileSync(join(folder, 'file'), text)

it('fills a folder once', async () => {
  const folder = join(top, 'sub', 'x')
  expect(await cached(folder, filling('first'))).toBe(folder)
  await cached(folder, () => Promise.reject(new Error('filled again')))
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('first')
  expect(readdirSync(join(top, 'sub'))).toEqual(['x'])
})

it('keeps nothing of a filling that failed', async () => {
  const folder = join(top, 'x')
  const failing = cached(folder, async (temp) => {
    await filling('half')(temp)
    expect(existsSync(folder)).toBe(false)
    throw new Error('no network')
  })
  await expect(failing).rejects.toThrow('no network')
  expect(readdirSync(top)).toEqual([])
})

it('lets one of two win who fill it at once', async () => {
  const folder = join(top, 'x')
  const { promise: both, resolve } = Promise.withResolvers<void>()
  const slow = cached(folder, async (temp) => {
    await filling('slow')(temp)
    await both
  })
  await cached(folder, filling('quick'))
  resolve()
  expect(await slow).toBe(folder)
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('quick')
  expect(readdirSync(top)).toEqual(['x'])
})

it('lies below the cache folder of the user', () => {
  expect(imageCache({}, '/home/me')).toBe('/home/me/.cache/support-bundle-schedule/image')
  expect(imageCache({ XDG_CACHE_HOME: '/cache' }, '/home/me')).toBe('/cache/support-bundle-schedule/image')
})
