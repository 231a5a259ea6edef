import { describe, expect, it } from 'vitest'
import { parsePostgresUri } from '../../../collectors/postgres/uri.ts'

const tls = (of: object = {}) => ({ skipVerify: false, ca: '', cert: '', key: '', ...of })
const attempts = (uri: string, material?: Parameters<typeof parsePostgresUri>[1]) =>
  parsePostgresUri(uri, material).attempts.map(({ host, port, encryption }) => `${host}:${port} ${encryption}`)

describe('the uri of a PostgreSQL server', () => {
  it.each<[uri: string, want: object]>([
    ['postgres://a:b@c:1/d', { user: 'a', password: 'b', database: 'd' }],
    ['postgresql://a%40b:c%2Fd:e@f/g%20h', { user: 'a@b', password: 'c/d:e', database: 'g h' }],
    ['postgres://c/d?user=a&password=b+c&dbname=e', { user: 'a', password: 'b c', database: 'd' }],
    ['postgres://', { user: '', password: '', database: '' }],
    ["user=a password='b \\' c' host=d dbname = e", { user: 'a', password: "b ' c", database: 'e' }],
    ['  user=a  password=b\\ c ', { user: 'a', password: 'b c', database: '' }],
    ["password='' user=a", { user: 'a', password: '' }],
  ])('%s', (uri, want) => {
    expect(parsePostgresUri(uri, undefined)).toMatchObject(want)
  })

  it.each<[uri: string, want: string[]]>([
    ['postgres://a@h', ['h:5432 unverified', 'h:5432 none']],
    ['postgres://a@h?sslmode=disable', ['h:5432 none']],
    ['postgres://a@h?sslmode=allow', ['h:5432 none', 'h:5432 unverified']],
    ['postgres://a@h?sslmode=require', ['h:5432 unverified']],
    ['postgres://a@h?sslmode=verify-ca', ['h:5432 verify-ca']],
    ['postgres://a@h?sslmode=verify-full', ['h:5432 verify-full']],
    ['postgres://a@h?sslrootcert=system&sslmode=require', ['h:5432 verify-full']],
    ['postgres://a@h?sslnegotiation=direct', ['h:5432 unverified']],
    ['postgres://a@h:1,[::1]:2,i?sslmode=disable', ['h:1 none', '::1:2 none', 'i:5432 none']],
    ['host=h,i port=1 sslmode=disable', ['h:1 none', 'i:1 none']],
    ['host=h,i port=1,2 sslmode=disable', ['h:1 none', 'i:2 none']],
    ['host=/run/postgresql user=a', ['/run/postgresql:5432 none']],
    ['user=a', ['localhost:5432 unverified', 'localhost:5432 none']],
  ])('%s is tried in order', (uri, want) => {
    expect(attempts(uri)).toEqual(want)
  })

  it('has its certificate looked at when there is an authority, and not when the entry says so', () => {
    expect(attempts('postgres://a@h?sslmode=require', tls({ ca: 'x' }))).toEqual(['h:5432 verify-ca'])
    expect(attempts('postgres://a@h?sslmode=require', tls())).toEqual(['h:5432 unverified'])
    expect(attempts('postgres://a@h', tls({ ca: 'x' }))).toEqual(['h:5432 unverified', 'h:5432 none'])
    expect(attempts('postgres://a@h?sslmode=verify-full', tls({ ca: 'x', skipVerify: true }))).toEqual(['h:5432 unverified'])
  })

  it.each<[uri: string, problem: RegExp]>([
    ['http://h:5432', /neither a postgres:\/\/ URL nor a list/],
    ['postgres://a@h?sslmode=none', /sslmode is none of disable, allow/],
    ['postgres://a@h?sslmode=toString', /sslmode is none of/],
    ['postgres://a@h?sslrootcert=/etc/ca.crt', /"sslrootcert" names a file/],
    ['host=h sslkey=/etc/shadow', /"sslkey" names a file/],
    ['host=h passfile=/root/.pgpass', /"passfile" names a file/],
    ['host=h service=a', /"service" names a file/],
    ["host='h", /neither/],
    ['host=h port=x', /host or port is invalid/],
    ['postgres://a@h:99999', /host or port is invalid/],
  ])('%s is refused', (uri, problem) => {
    expect(() => parsePostgresUri(uri, undefined)).toThrow(problem)
  })
})
