import { describe, expect, it } from 'vitest'
import { parseRedisUrl } from '../../../collectors/redis/uri.ts'

describe('the URL of a Redis server', () => {
  it.each<[url: string, want: object]>([
    ['redis://a:b@c:1/2', { host: 'c', port: 1, user: 'a', password: 'b', database: 2, isEncrypted: false }],
    ['rediss://:b%2Fc@d', { host: 'd', port: 6379, user: '', password: 'b/c', database: 0, isEncrypted: true }],
    ['redis://', { host: 'localhost', port: 6379, password: '', database: 0 }],
    ['redis://:1', { host: 'localhost', port: 1 }],
    ['redis://[::1]:1//3/', { host: '::1', port: 1, database: 3 }],
    ['REDIS://a', { host: 'a' }],
  ])('%s', (url, want) => {
    expect(parseRedisUrl(url)).toMatchObject(want)
  })

  it.each<[url: string, problem: RegExp]>([
    ['http://localhost:6379', /begin with redis:\/\/ or rediss:\/\//],
    ['localhost:6379', /not a URL/],
    ['redis://a?db=1', /options/],
    ['redis://a/b', /not the number of a database/],
    ['redis://a/1/2', /not the number of a database/],
    ['redis://a,b', /several hosts/],
    ['redis://a:b', /host or port is invalid/],
  ])('%s is refused', (url, problem) => {
    expect(() => parseRedisUrl(url)).toThrow(problem)
  })
})
