import { describe, expect, it } from 'vitest'
import { confinement, refusedReach } from '../../../agent/runner/confinement.ts'

describe('the reach of a task', () => {
  it('becomes options of Node, which begin with a refusal of all', () => {
    const options = confinement('/lib', { read: ['/plugins', '/work/a'], write: ['/work/a'] })
    expect(options[0]).toBe('--permission')
    expect(options.filter((one) => one.startsWith('--allow'))).toEqual([
      ...['/lib', '/etc/ssl', '/plugins', '/work/a'].flatMap((path) => [`--allow-fs-read=${path}`, `--allow-fs-read=${path}/*`]),
      ...['--allow-fs-write=/work/a', '--allow-fs-write=/work/a/*'],
    ])
  })

  it.each([
    [{ read: ['/plugins'], write: ['/work/a'] }, undefined],
    [{ read: [], write: ['/work/a.b..c/d'] }, undefined],
    [{ read: [], write: ['/work'] }, 'not below /work'],
    [{ read: [], write: ['/workshop/a'] }, 'not below /work'],
    [{ read: [], write: ['/etc'] }, 'not below /work'],
    [{ read: [], write: ['/work/../etc'] }, 'not plain'],
    [{ read: ['/work/./a'], write: [] }, 'not plain'],
    [{ read: ['work/a'], write: [] }, 'not plain'],
    [{ read: ['*'], write: [] }, 'not plain'],
    [{ read: ['/work/*'], write: [] }, 'not plain'],
    [{ read: ['/work/a,/'], write: [] }, 'not plain'],
  ])('%j', (reach, reason) => {
    const refused = refusedReach('/work', reach)
    if (reason === undefined) expect(refused).toBeUndefined()
    else expect(refused).toContain(reason)
  })
})
