import { describe, expect, it } from 'vitest'
import hostDns from '../../collectors/host-dns/index.ts'
import { encodeQuestion, firstAnswer, type RecordType, TYPES } from '../../collectors/host-dns/message.ts'
import { namesOf, parseResolvConf } from '../../collectors/host-dns/resolv-conf.ts'
import { networkError } from '../../core/testkit/index.ts'
import { codes, issues, texts } from './collect.ts'
import { tryIn } from './host-network.ts'

const CONF = '# made up\nnameserver 192.0.2.53\nsearch svc.example example.\noptions ndots:2 timeout:1\n'
const files = { files: { '/etc/resolv.conf': CONF } }
const NAME = ['A', 'AAAA', 'CNAME'] as const

/** The name and type that a question is about. */
function asked(message: Uint8Array): { name: string; type: RecordType; end: number } {
  let name = ''
  let at = 12
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    name += `${Buffer.from(message.subarray(at + 1, at + 1 + length)).toString()}.`
    at += 1 + length
  }
  return { name, type: NAME.find((type) => TYPES[type] === message[at + 2]) ?? 'A', end: at + 5 }
}

/** A server that knows some names, by `name TYPE`: the type and data of what it answers, the name of the question pointed to. */
const server =
  (zone: Record<string, [type: number, data: number[]]>) =>
  (message: Uint8Array): Uint8Array => {
    const { name, type, end } = asked(message)
    const found = zone[`${name} ${type}`]
    const head = Buffer.from(message.subarray(0, end))
    head[7] = found ? 1 : 0
    if (!found) return head
    const [of, data] = found
    return Buffer.concat([head, Buffer.from([0xc0, 12, 0, of, 0, 1, 0, 0, 1, 44, 0, data.length, ...data])])
  }
const label = (text: string) => [text.length, ...Buffer.from(text)]
const ask = (zone: Parameters<typeof server>[0], hostnames: string[], more: object = {}) =>
  tryIn(hostDns, { hostnames, ...more }, { datagrams: { '192.0.2.53:53': server(zone) } }, files)
const result = (gathered: Awaited<ReturnType<typeof ask>>, folder = 'dns') =>
  JSON.parse(texts(gathered)[`host-collectors/dns/${folder}/result.json`] ?? '') as {
    query: Record<string, { record: string }[]>
  }

describe('dns', () => {
  it('asks with each search domain, and tells which of them made a name resolve', async () => {
    const gathered = await ask({ 'db.svc.example. A': [1, [10, 0, 0, 7]] }, ['db'], { collectorName: 'my dns' })
    const none = { server: '192.0.2.53:53', search: '', answer: '', record: '' }
    expect(result(gathered, 'my_dns')).toEqual({
      query: {
        db: [
          {
            ...none,
            search: 'svc.example',
            name: 'db.svc.example.',
            answer: 'db.svc.example.\t300\tIN\tA\t10.0.0.7',
            record: '10.0.0.7',
          },
          { ...none, name: 'db.example.' },
          { ...none, name: 'db.' },
        ],
      },
      resolvedFromSearch: 'svc.example',
    })
    expect(texts(gathered)['host-collectors/dns/my_dns/resolv.conf']).toBe(CONF)
    expect(codes(gathered)).toEqual([])
  })

  it.each<[string, [number, number[]], string, string]>([
    ['a.b.c. AAAA', [28, [0xfd, ...Array.from({ length: 14 }, () => 0), 1]], 'AAAA\tfd00::1', 'fd00::1'],
    ['a.b.c. CNAME', [5, [...label('x'), 0xc0, 14]], 'CNAME\tx.b.c.', 'x.b.c.'],
    ['a.b.c. A', [5, [...label('x y'), 0]], 'CNAME\tx\\032y.', ''],
    ['a.b.c. A', [39, [0]], 'TYPE39\t', ''],
  ])('reads an answer to %s', async (question, answer, data, record) => {
    const [entry] = result(await ask({ [question]: answer }, ['a.b.c.'])).query['a.b.c.'] ?? []
    expect(entry).toEqual({ server: '192.0.2.53:53', search: '', name: 'a.b.c.', answer: `a.b.c.\t300\tIN\t${data}`, record })
  })

  it('asks a server that is away no more than three times in a row: each time costs seconds', async () => {
    const conf = { files: { '/etc/resolv.conf': 'nameserver 192.0.2.53\nnameserver 192.0.2.54\n' } }
    const told: string[] = []
    const lame = (message: Uint8Array) => (
      told.push('lame'),
      told.length % 3 === 0 ? server({})(message) : networkError('ETIMEDOUT')
    )
    const datagrams = { '192.0.2.53:53': () => (told.push('away'), networkError('ETIMEDOUT')), '192.0.2.54:53': lame }
    const gathered = await tryIn(hostDns, { hostnames: ['a.', 'b.', 'c.'] }, { datagrams }, conf)
    expect(told.filter((one) => one === 'away')).toHaveLength(3)
    expect(told.filter((one) => one === 'lame')).toHaveLength(9)
    expect(result(gathered).query['c.']).toHaveLength(2)
    expect(codes(gathered)).toEqual(['DNS_UNRESOLVED', 'DNS_SERVER_SILENT'])
    const refusing = { '192.0.2.53:53': () => networkError('ECONNREFUSED'), '192.0.2.54:53': server({}) }
    const refused = await tryIn(hostDns, { hostnames: ['a.', 'b.', 'c.'] }, { datagrams: refusing }, conf)
    expect(codes(refused)).toEqual(['DNS_UNRESOLVED'])
  })

  it('says which names nobody knows, also when no server answers', async () => {
    const late = { datagrams: { '192.0.2.53:53': () => networkError('ETIMEDOUT') } }
    const gathered = await tryIn(hostDns, { hostnames: ['gone.example.com', 'a..b'] }, late, files)
    expect(gathered.warnings).toMatchObject([
      { code: 'DNS_UNRESOLVED', message: 'no name server knows gone.example.com, a..b' },
      { code: 'DNS_SERVER_SILENT', message: '192.0.2.53:53 did not answer, and was not asked for all names' },
    ])
    expect(result(gathered).query['gone.example.com']).toHaveLength(3)
  })

  it('says that there is no resolv.conf', async () => {
    expect(codes(await tryIn(hostDns, { hostnames: ['a'] }))).toEqual(['HOST_FILE_UNREADABLE'])
  })

  it.each([{}, { hostnames: [] }, { hostnames: [''] }])('refuses %j', async (entry) => {
    expect((await issues(hostDns, entry)).join()).toContain('hostnames')
  })
})

describe('resolv.conf', () => {
  it.each([
    ['', { servers: [], search: [], ndots: 1 }],
    [
      'nameserver 1.1.1.1 # x\nnameserver fd00::1\n',
      {
        servers: [
          { host: '1.1.1.1', port: 53 },
          { host: 'fd00::1', port: 53 },
        ],
      },
    ],
    ['search a b\ndomain c d', { search: ['c'] }],
    ['domain c\nsearch a b', { search: ['a', 'b'] }],
    ['options ndots:99 rotate', { ndots: 15 }],
    [';nameserver 1.1.1.1\n  nameserver\t2.2.2.2', { servers: [{ host: '2.2.2.2', port: 53 }] }],
  ])('%j', (text, resolver) => {
    expect(parseResolvConf(text)).toMatchObject(resolver)
  })

  it.each([
    ['a', 1, ['a.x.', 'a.y.', 'a.']],
    ['a.b', 1, ['a.b.', 'a.b.x.', 'a.b.y.']],
    ['a.b', 2, ['a.b.x.', 'a.b.y.', 'a.b.']],
    ['a.', 5, ['a.']],
  ])('%s with ndots %i is asked for in this order', (name, ndots, names) => {
    expect(namesOf(name, { servers: [], search: ['x', 'y.'], ndots })).toEqual(names)
  })
})

describe('a message', () => {
  const question = encodeQuestion(7, 'a.b.', 'A')
  it('is what RFC 1035 says', () => {
    expect([...question]).toEqual([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 1, 98, 0, 0, 1, 0, 1])
  })
  it('may have names that point to names that point further', () => {
    const head = Buffer.from(question)
    head[7] = 1
    const data = question.length + 12
    const answer = Buffer.concat([head, Buffer.from([0xc0, data, 0, 5, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 12])])
    expect(firstAnswer(answer, 7, 'CNAME')).toEqual({ line: 'a.b.\t9\tIN\tCNAME\ta.b.', record: 'a.b.' })
  })
  it.each(['a..', `${'x'.repeat(64)}.`])('is not made of %s', (name) => {
    expect(() => encodeQuestion(1, name, 'A')).toThrow(/is not a name/)
  })
  it('that belongs to another question, is cut off, or points to itself is refused', () => {
    const answer = Buffer.from(server({ 'a.b. A': [1, [1, 2, 3, 4]] })(question))
    expect(firstAnswer(answer, 7, 'A')?.record).toBe('1.2.3.4')
    expect(() => firstAnswer(answer, 8, 'A')).toThrow(/no answer to what was asked/)
    for (let length = 0; length < answer.length; length++) expect(() => firstAnswer(answer.subarray(0, length), 7, 'A')).toThrow()
    answer.writeUInt16BE(0xc000 + question.length, question.length)
    expect(() => firstAnswer(answer, 7, 'A')).toThrow(/points to itself/)
  })
})
