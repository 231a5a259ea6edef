import { request } from 'node:http'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { startTcpServer } from '../fake-server.ts'
import { answerBytes, parsed } from './answers.ts'

const bytes = (...lines: string[]) => Buffer.from(lines.join('\r\n'), 'latin1')

describe('answers', () => {
  it('one after the other are the same, cut anywhere and in chunks of any sizes', () => {
    const body = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)), maxLength: 300 })
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 })
    const one = fc.record({ body, chunks: fc.option(sizes, { nil: undefined }) })
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 4 }), sizes, (all, cuts) => {
        const stream = Buffer.concat(all.map((answer) => answerBytes(answer.body, answer)))
        const told = parsed(stream, cuts)
        expect(told.map((answer) => [answer.body, answer.mayFollow])).toEqual(all.map((answer) => [answer.body, true]))
      }),
    )
  })

  it('have headers in lower case, several of one name joined', () => {
    const [told] = parsed(bytes('HTTP/1.1 404 Not Found', 'A: 1', 'a:  2 ', '__proto__: x', 'Content-Length: 2', '', 'no'))
    expect(told).toMatchObject({ status: 404, body: 'no', headers: { a: '1, 2', ['__proto__']: 'x', 'content-length': '2' } })
  })

  it('of interim statuses come before the one that counts', () => {
    const told = parsed(
      bytes('HTTP/1.1 100 Continue', '', 'HTTP/1.1 103 Early Hints', 'link: x', '', 'HTTP/1.1 200', 'content-length: 1', '', 'x'),
    )
    expect(told).toMatchObject([{ status: 200, body: 'x', mayFollow: true }])
  })

  it.each([204, 304])('of status %i have no body, whatever they say', (status) => {
    const told = parsed(bytes(`HTTP/1.1 ${status} -`, 'content-length: 5', '', 'HTTP/1.1 200 OK', 'content-length: 1', '', 'x'))
    expect(told.map((answer) => [answer.status, answer.body])).toEqual([
      [status, ''],
      [200, 'x'],
    ])
  })

  it('of another protocol give what follows', () => {
    const [told] = parsed(bytes('HTTP/1.1 101 Switching Protocols', 'upgrade: websocket', '', '\0\x01frame'), undefined, false)
    expect(told).toMatchObject({ status: 101, headers: { upgrade: 'websocket' }, rest: '\0\x01frame' })
    expect(told).not.toHaveProperty('mayFollow')
  })

  it('may have trailers and extensions of chunks', () => {
    const text = bytes(
      'HTTP/1.1 200 OK',
      'transfer-encoding: Chunked',
      '',
      '2;a="b";c;d=e',
      'ab',
      '1',
      'c',
      '0',
      'x: y',
      'z: 1',
      '',
      '',
    )
    for (const size of [1, 2, 3, 7, text.length]) expect(parsed(text, [size])).toMatchObject([{ body: 'abc', mayFollow: true }])
  })

  it.each<[string, string[]]>([
    ['the server says so', ['HTTP/1.1 200 OK', 'connection: keep-alive, Close', 'content-length: 1', '', 'x']],
    ['it is an old one', ['HTTP/1.0 200 OK', 'content-length: 1', '', 'x']],
    ['they have no length', ['HTTP/1.1 200 OK', '', 'x']],
  ])('are the last of their connection when %s', (_, lines) => {
    expect(parsed(bytes(...lines))).toMatchObject([{ body: 'x', mayFollow: false }])
  })
})

describe('what is no answer', () => {
  const ok = 'HTTP/1.1 200 OK'
  const chunked = [ok, 'transfer-encoding: chunked', '']
  it.each<[string, string[], RegExp]>([
    ['TLS', ['\x15\x03\x01\0\x02\x02\x16', '', ''], /does not speak HTTP/],
    ['another version', ['HTTP/2 200', '', ''], /does not speak HTTP/],
    ['a status of two digits', ['HTTP/1.1 20 OK', '', ''], /does not speak HTTP/],
    ['a line that is no header', [ok, 'no header', '', ''], /headers/],
    ['a folded header', [ok, 'a: b', ' c', '', ''], /headers/],
    ['a space in a name', [ok, 'a : b', '', ''], /headers/],
    ['a line end in a header', [ok, 'a: b\nc: d', '', ''], /headers/],
    ['a NUL in a header', [ok, 'a: \0', '', ''], /headers/],
    ['two lengths', [ok, 'content-length: 1', 'content-length: 2', '', ''], /length/],
    ['a length with a sign', [ok, 'content-length: +1', '', ''], /length/],
    ['a length and chunks', [ok, 'content-length: 1', 'transfer-encoding: chunked', '', ''], /two ways/],
    ['an encoding that is not known', [ok, 'transfer-encoding: gzip, chunked', '', ''], /encoding/],
    ['an encoding with a tab behind it', [ok, 'transfer-encoding: chunked\t', '', ''], /encoding/],
    ['a chunk without a length', [...chunked, 'x', ''], /chunk/],
    ['a chunk with an extension without a name', [...chunked, '1;', 'a', ''], /chunk/],
    ['a chunk with a space in its length', [...chunked, '1 ', 'a', ''], /chunk/],
    ['a trailer that is no header', [...chunked, '0', '"}', '', ''], /no header/],
    ['a chunk of a negative length', [...chunked, '-1', ''], /chunk/],
    ['a chunk of too many bytes', [...chunked, '1', 'abc', ''], /longer than/],
    ['a chunk of 52 bits and more', [...chunked, 'fffffffffffff', ''], /chunk/],
    ['a line of a chunk that ends by itself', [...chunked, '1\na', ''], /end as it should/],
    ['endless headers', [ok, ...Array.from({ length: 9000 }, () => 'a: 12345678'), '', ''], /too long/],
    ['an endless header', [ok, `a: ${'x'.repeat(70_000)}`], /too long/],
    ['an endless extension', [...chunked, `1;${'x'.repeat(5000)}`], /too long/],
    ['endless trailers of one line', [...chunked, '0', 'x'.repeat(5000)], /too long/],
  ])('%s', (_, lines, why) => {
    const text = bytes(...lines)
    for (const size of [1, 5, text.length]) expect(() => parsed(text, [size])).toThrow(why)
  })

  it.each<[string, string[]]>([
    ['its head', [ok, 'a: b']],
    ['its body', [ok, 'content-length: 9', '', 'half']],
    ['a chunk', [...chunked, '9', 'half']],
    ['the lines between chunks', [...chunked, '4', 'half', '']],
    ['its trailers', [...chunked, '0', '']],
  ])('is what ends in the middle of %s', (_, lines) => {
    const text = bytes(...lines)
    expect(parsed(text, [1], false)).toBeDefined()
    expect(() => parsed(text)).toThrow(/ends in the middle/)
  })
})

describe("Node's own client", () => {
  /** The status and the body, or that it is an error. */
  async function asNode(text: Buffer): Promise<string> {
    const { port, close } = await startTcpServer((socket) => socket.once('data', () => socket.end(text)))
    try {
      return await new Promise<string>((resolve) => {
        const sent = request({ port, host: '127.0.0.1', agent: false }, (response) => {
          let body = ''
          response.setEncoding('latin1').on('data', (piece: string) => (body += piece))
          response.on('end', () => resolve(`${response.statusCode} ${body}`)).on('error', () => resolve('error'))
        })
        sent.on('error', () => resolve('error')).end()
      })
    } finally {
      await close()
    }
  }
  const asWe = (text: Buffer) => {
    try {
      const [told] = parsed(text)
      return told ? `${told.status} ${told.body}` : 'error'
    } catch {
      return 'error'
    }
  }

  it('understands the same, of answers with a byte changed, left out or put in', async () => {
    const plain = answerBytes('{"a":"b"}', { headers: ['date: x'] })
    const chunked = answerBytes('{"a":"b"}', { chunks: [4, 3], headers: ['date: x'] })
    const put = fc.constantFrom(...'\r\n\t 0123aAfF:;,-\0é'.split(''), 'chunked', 'close', '\r\n')
    const change = fc.record({ at: fc.nat(1000), cut: fc.integer({ min: 0, max: 2 }), put: fc.oneof(put, fc.constant('')) })
    const taken: string[] = []
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(plain, chunked),
        fc.array(change, { minLength: 1, maxLength: 2 }),
        async (base, changes) => {
          let text = base.toString('latin1')
          for (const { at, cut, put: more } of changes) {
            const place = at % text.length
            text = text.slice(0, place) + more + text.slice(place + cut)
          }
          const [we, node] = [asWe(Buffer.from(text, 'latin1')), await asNode(Buffer.from(text, 'latin1'))]
          // To refuse more than Node does is safe; to take for an answer what it refuses, or to read another body, is not.
          if (we !== 'error') expect({ text, we }).toEqual({ text, we: node })
          taken.push(we)
        },
      ),
      { numRuns: 300, seed: 17 },
    )
    expect(taken.filter((we) => we !== 'error').length, 'that many are answers still').toBeGreaterThan(50)
  })
})
