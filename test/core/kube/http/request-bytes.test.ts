import { describe, expect, it } from 'vitest'
import { type HttpRequest, requestBytes } from '../../../../core/kube/http/request-bytes.ts'

const request = (more: Partial<HttpRequest> = {}) =>
  requestBytes({ method: 'GET', path: '/a?b=c', host: 'x:1', headers: {}, body: undefined, ...more }).toString('latin1')

describe('a request', () => {
  it('has its headers one a line, of several values one line each', () => {
    expect(request({ headers: { accept: 'application/json', 'impersonate-group': ['g', 'h'], note: 'ü' } })).toBe(
      'GET /a?b=c HTTP/1.1\r\nhost: x:1\r\naccept: application/json\r\nimpersonate-group: g\r\nimpersonate-group: h\r\nnote: ü\r\n\r\n',
    )
  })

  it('has its body behind them, byte for byte', () => {
    const body = Buffer.from('{"a":"ü✓"}')
    const bytes = requestBytes({ method: 'PUT', path: '/', host: 'x', headers: { 'content-length': '13' }, body })
    expect(Buffer.from(bytes).subarray(-body.length)).toEqual(body)
    expect(bytes.toString('latin1')).toContain('content-length: 13\r\n\r\n{')
  })

  it.each(['POST', 'PUT', 'PATCH'])('of method %s says so when it has none', (method) => {
    expect(request({ method })).toContain('content-length: 0\r\n\r\n')
    expect(request()).not.toContain('content-length')
  })

  it.each<[string, Partial<HttpRequest>]>([
    ['path', { path: '/a b' }],
    ['path', { path: '/a\r\nx: y' }],
    ['path', { path: '/ü' }],
    ['path', { path: '' }],
    ['method', { method: 'GET /' }],
    ['header "a"', { headers: { a: 'b\r\nc: d' } }],
    ['header "a"', { headers: { a: ['b', 'c\n'] } }],
    ['header "a"', { headers: { a: 'b\0' } }],
    ['header "a"', { headers: { a: '✓' } }],
    ['name of a header', { headers: { 'a: b\r\nc': 'd' } }],
    ['name of a header', { headers: { '': 'd' } }],
  ])('is refused whose %s would be read as something else', (what, more) => {
    expect(() => request(more)).toThrow(what)
  })

  it('does not show a header that it refuses: it may be a token', () => {
    expect(() => request({ headers: { authorization: 'Bearer s3cret\n' } })).toThrow(/^((?!s3cret).)*$/)
  })
})
