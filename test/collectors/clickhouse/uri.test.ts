import { describe, expect, it } from 'vitest'
import { parseClickhouseUri } from '../../../collectors/clickhouse/uri.ts'

const tls = { skipVerify: false, ca: 'x', cert: '', key: '' }
const places = (uri: string, material?: typeof tls) =>
  parseClickhouseUri(uri, material).places.map(({ host, port }) => `${host}:${port}`)

describe('the uri of a ClickHouse server', () => {
  it.each<[uri: string, want: object]>([
    [
      'clickhouse://a:b@c:1/d',
      {
        isHttp: false,
        isEncrypted: false,
        skipVerify: false,
        user: 'a',
        password: 'b',
        database: 'd',
        path: '',
        certificateName: '',
      },
    ],
    ['tcp://c:1?username=a&password=b&database=d', { isHttp: false, user: 'a', password: 'b', database: 'd' }],
    ['clickhouse://c', { user: 'default', password: '', database: '' }],
    ['clickhouse://c?secure=true&skip_verify', { isEncrypted: true, skipVerify: true }],
    ['clickhouse://c?secure=true&tls_server_name=d', { isEncrypted: true, certificateName: 'd' }],
    ['clickhouse://c?secure=false', { isEncrypted: false }],
    ['http://a:b@c/d?http_path=e', { isHttp: true, isEncrypted: false, database: 'd', path: '/e' }],
    ['https://c?secure=true', { isHttp: true, isEncrypted: true }],
  ])('%s', (uri, want) => {
    expect(parseClickhouseUri(uri, undefined)).toMatchObject(want)
  })

  it('is encrypted when the entry has certificates, but for http://', () => {
    expect(parseClickhouseUri('clickhouse://c', tls)).toMatchObject({ isEncrypted: true, skipVerify: false })
    expect(parseClickhouseUri('clickhouse://c?skip_verify', { ...tls, skipVerify: false })).toMatchObject({ skipVerify: false })
    expect(parseClickhouseUri('http://c', tls)).toMatchObject({ isEncrypted: false })
  })

  it('has a port of its own for each protocol', () => {
    expect(places('clickhouse://c')).toEqual(['c:9000'])
    expect(places('clickhouse://c,d:1', tls)).toEqual(['c:9440', 'd:1'])
    expect(places('http://c')).toEqual(['c:8123'])
    expect(places('https://[::1]')).toEqual(['::1:8443'])
  })

  it.each<[uri: string, problem: RegExp]>([
    ['c:9000', /not a URL/],
    ['clickhouse:///d', /names no host/],
    ['http://c?secure=true', /"secure" wants https/],
  ])('%s is refused', (uri, problem) => {
    expect(() => parseClickhouseUri(uri, undefined)).toThrow(problem)
  })
})
