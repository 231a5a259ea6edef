import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readRevision } from '../../../collectors/helm/release.ts'
import { aRelease, encoded, payload } from './releases.ts'

describe('a stored release', () => {
  it('is read', async () => {
    expect(await readRevision(payload(aRelease({ version: 7 })))).toEqual({
      name: 'web',
      revision: 7,
      chart: 'web',
      chartVersion: '1.2.0',
      appVersion: '4.1',
      date: '2026-01-01 02:00:00.123456789 +0000 UTC',
      status: 'deployed',
      values: { replicas: 3, image: { tag: 'a' } },
      userValues: { replicas: 3 },
    })
  })

  it('of a very old version is not compressed', async () => {
    expect(await readRevision(encoded(JSON.stringify(aRelease())))).toMatchObject({ name: 'web', revision: 1 })
  })

  it.each([
    ['2026-01-01T02:00:00Z', '2026-01-01 02:00:00 +0000 UTC'],
    ['2026-01-01T02:00:00.500Z', '2026-01-01 02:00:00.5 +0000 UTC'],
    ['2026-01-01T02:00:00.000Z', '2026-01-01 02:00:00 +0000 UTC'],
    ['2026-01-01T02:00:10.25-07:30', '2026-01-01 02:00:10.25 -0730 -0730'],
    ['', ''],
    ['soon', 'soon'],
  ])('was deployed at %j: %j', async (deployed, date) => {
    expect(await readRevision(payload(aRelease({ deployed })))).toMatchObject({ date })
  })

  it.each([
    ['nothing', ''],
    ['no base64', '!!!'],
    ['no JSON', encoded('geheim')],
    ['a list', payload([])],
    ['null', payload(null)],
  ])('that is %s says only that', async (_, text) => {
    await expect(readRevision(text)).rejects.toThrow(/^it is not JSON of a release$/)
  })

  it('without a name or a revision is none', async () => {
    await expect(readRevision(payload({ version: 1 }))).rejects.toThrow('no name or no revision')
    await expect(readRevision(payload({ name: 'web', version: '1' }))).rejects.toThrow('no name or no revision')
  })

  it('with members of other types has empty ones', async () => {
    expect(await readRevision(payload({ name: 'web', version: 1, info: 3, chart: [], config: 'x' }))).toMatchObject({
      chart: '',
      status: '',
      date: '',
      values: {},
    })
  })

  it('whose compression is broken says so', async () => {
    const whole = gzipSync(JSON.stringify(aRelease()))
    await expect(readRevision(whole.subarray(0, whole.length - 20).toString('base64'))).rejects.toThrow('compression is broken')
  })

  it('that inflates without measure is given up', async () => {
    const bomb = gzipSync(Buffer.alloc(40 * 2 ** 20, 0x20)).toString('base64')
    expect(bomb.length).toBeLessThan(100_000)
    await expect(readRevision(bomb)).rejects.toThrow('it has more than 32 MiB')
  })
})
