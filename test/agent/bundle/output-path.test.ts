import { posix, win32 } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkOutputPath, createPathRegister, linkTarget } from '../../../agent/bundle/output-path.ts'

const accepts = (path: string): boolean => {
  try {
    checkOutputPath(path)
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'OUTPUT_PATH' })
    return false
  }
}

/** Parts that are there to lead astray, and ordinary ones. */
const part = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '..',
      '.',
      '',
      '.. ',
      '. .',
      '...',
      ' ',
      'C:',
      'c:x',
      '~',
      '-',
      'a\\..\\b',
      '\u0000',
      '\n',
      'NUL',
      'version.yaml',
    ),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  { weight: 5, arbitrary: fc.stringMatching(/^[A-Za-z0-9._ -]{1,8}$/) },
)
const anyPath = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'))
const goodPath = fc.array(fc.stringMatching(/^[a-z]{1,2}$/), { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'))

describe('checkOutputPath', () => {
  it('accepts only paths that stay inside wherever they are unpacked', () => {
    let accepted = 0
    fc.assert(
      fc.property(anyPath, (path) => {
        if (!accepts(path)) return
        accepted++
        expect(posix.resolve('/base/top', path)).toBe(`/base/top/${path}`)
        // Windows drops dots and blanks at the end of a name.
        const windows = path
          .split('/')
          .map((one) => one.replace(/[. ]+$/, ''))
          .join('\\')
        expect(win32.resolve('D:\\base\\top', windows)).toBe(`D:\\base\\top\\${windows}`)
        expect(Buffer.from(path).toString()).toBe(path)
        expect(path).not.toMatch(/[\u0000-\u001f\u007f-\u009f\\]/)
      }),
      { numRuns: 2000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })

  it('accepts what collectors yield', () => {
    const paths = [
      'version',
      'a',
      '-',
      'cluster-resources/pods/kube-system.json',
      'host-collectors/copy/.hidden',
      'a b/ü.txt',
      'x/version.yaml',
      'a/..b/c..',
      'x'.repeat(255),
      'a:b'.replace('a', 'ab'),
    ]
    expect(paths.filter((path) => !accepts(path))).toEqual([])
  })

  it.each([
    '',
    '/etc/x',
    'C:/x',
    'c:',
    'a\\b',
    'a//b',
    'a/',
    './a',
    '../a',
    'a/../b',
    'a/.. /b',
    'a/ /b',
    'a/.../b',
    'a\nb',
    'a\u007f',
    'a\u0085b',
    '\ud800',
    'x'.repeat(256),
    'ü'.repeat(128),
    Array(200).fill('long').join('/') + '/'.concat('y'.repeat(100)),
    'version.yaml',
    'VERSION.yaml',
    'version.yaml/x',
    'analysis.json',
    'skipped-collectors.json',
    'support-bundle-schedule',
    'support-bundle-schedule/x',
    'Support-Bundle-Schedule/report.json',
    'collector-errors/x.json',
  ])('refuses %j', (path) => expect(accepts(path)).toBe(false))

  it('refuses what is no text, and says so without control characters', () => {
    expect(() => checkOutputPath(7 as never)).toThrow('no text')
    expect(() => checkOutputPath('a\u001b[31m\u009bx')).toThrow(
      /^output path "a\\u001b\[31m\\u009bx" was refused: it holds a control character$/,
    )
  })
})

describe('a register of paths', () => {
  const reserve = (...groups: string[][]) => {
    const register = createPathRegister()
    return groups.map((paths) => {
      try {
        register.reserve(paths)
        return 'taken'
      } catch (error) {
        return (error as { code: string }).code
      }
    })
  }

  it.each([
    ['twice', [['a/b'], ['a/b']], ['taken', 'OUTPUT_REFUSED']],
    ['a file where a folder is', [['a/b/c'], ['a/b']], ['taken', 'OUTPUT_REFUSED']],
    ['a folder where a file is', [['a'], ['a/b/c']], ['taken', 'OUTPUT_REFUSED']],
    ['twice in one', [['a', 'a'], ['a']], ['OUTPUT_REFUSED', 'taken']],
    ['one below the other in one', [['a', 'a/b']], ['OUTPUT_REFUSED']],
    ['one above the other in one', [['a/b', 'a']], ['OUTPUT_REFUSED']],
    ['all or none', [['a', '../b'], ['a']], ['OUTPUT_PATH', 'taken']],
    ['side by side', [['a/b', 'a/c'], ['a/d'], ['ab']], ['taken', 'taken', 'taken']],
  ])('%s', (_, groups, want) => expect(reserve(...groups)).toEqual(want))

  it('never lets one path be both file and folder', () => {
    fc.assert(
      fc.property(fc.array(fc.array(goodPath, { minLength: 1, maxLength: 3 }), { maxLength: 30 }), (groups) => {
        const register = createPathRegister()
        const files: string[] = []
        for (const paths of groups) {
          try {
            register.reserve(paths)
            files.push(...paths)
          } catch {
            // refused as a whole
          }
        }
        expect(new Set(files).size).toBe(files.length)
        for (const file of files) expect(files.filter((other) => other.startsWith(`${file}/`))).toEqual([])
      }),
    )
  })
})

describe('linkTarget', () => {
  it('leads from the link to its target, and never out of the bundle', () => {
    fc.assert(
      fc.property(goodPath, goodPath, (from, to) => {
        fc.pre(from !== to && !from.startsWith(`${to}/`) && !to.startsWith(`${from}/`))
        const target = linkTarget(from, to)
        expect(posix.join(posix.dirname(from), target)).toBe(to)
        expect(posix.isAbsolute(target)).toBe(false)
        // at no step above the top
        let depth = from.split('/').length - 1
        for (const step of target.split('/')) expect((depth += step === '..' ? -1 : 1)).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it.each([
    ['a', 'b', 'b'],
    ['a/b', 'a/c', 'c'],
    ['a/b', 'c', '../c'],
    ['a/b/c', 'a/d/e', '../d/e'],
    ['a', 'b/c', 'b/c'],
  ])('from %s to %s: %s', (from, to, target) => expect(linkTarget(from, to)).toBe(target))
})
