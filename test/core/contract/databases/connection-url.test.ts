import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConnectionUrl, parsePlace } from '../../../../core/contract/databases/connection-url.ts'

describe('a URL of a server', () => {
  it('is read whatever stands in its parts, once they are escaped', () => {
    const part = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text.isWellFormed())
    fc.assert(
      fc.property(part, part, part, fc.nat(65_535), (user, password, path, port) => {
        const [u, p, d] = [user, password, path].map(encodeURIComponent)
        const url = parseConnectionUrl(`x+y.z://${u}:${p}@a:${port},[::1]/${d}?q=${p}&r`)
        expect(url).toEqual({
          scheme: 'x+y.z',
          user,
          password,
          places: [
            { host: 'a', port: port || 0 },
            { host: '::1', port: undefined },
          ],
          path,
          query: new Map([
            ['q', password],
            ['r', ''],
          ]),
        })
      }),
    )
  })

  it.each<[url: string, problem: RegExp]>([
    ['', /not a URL/],
    ['a', /not a URL/],
    ['://a', /not a URL/],
    ['x://a:b/c@d', /%2F %3F %23/],
    ['x://a:b#c@d', /%2F %3F %23/],
    ['x://a:b?c@d:1/e', /%2F %3F %23/],
    ['x://a:@b?c@d:1/e', /%2F %3F %23/],
    ['x://a:%zz@b', /%25/],
    ['x://a b', /host or port/],
    ['x://a:b:c', /host or port/],
    ['x://a:70000', /host or port/],
    ['x://[::1', /host or port/],
  ])('%s is refused', (url, problem) => {
    expect(() => parseConnectionUrl(url)).toThrow(problem)
  })

  it('may have an @ in a value of its query', () => {
    expect(parseConnectionUrl('x://a?user=b@c').query.get('user')).toBe('b@c')
  })
})

describe('a place', () => {
  it.each<[text: string, host: string, port: number | undefined]>([
    ['a', 'a', undefined],
    ['a:1', 'a', 1],
    ['a:', 'a', undefined],
    [':1', '', 1],
    ['', '', undefined],
    ['[fe80::1%eth0]:1', 'fe80::1%eth0', 1],
    ['db_1.ns.svc', 'db_1.ns.svc', undefined],
  ])('%s', (text, host, port) => {
    expect(parsePlace(text)).toEqual({ host, port })
  })
})
