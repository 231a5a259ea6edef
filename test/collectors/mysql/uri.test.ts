import { describe, expect, it } from 'vitest'
import { parseMysqlDsn } from '../../../collectors/mysql/uri.ts'

describe('the data source name of a MySQL server', () => {
  it.each<[dsn: string, want: object]>([
    ['a:b@tcp(c:1)/d', { host: 'c', port: 1, user: 'a', password: 'b', database: 'd', encryption: 'none', socketPath: '' }],
    ['a:b@tcp(c)/', { host: 'c', port: 3306, database: '' }],
    ['a@tcp/d', { host: '127.0.0.1', port: 3306, user: 'a', password: '' }],
    ['a@/d', { host: '127.0.0.1', port: 3306 }],
    ['/', { host: '127.0.0.1', user: '', database: '' }],
    ['a:b@tcp([::1]:1)/d', { host: '::1', port: 1 }],
    ['a:b:/@c@%zz@tcp(d)/e', { user: 'a', password: 'b:/@c@%zz', host: 'd', database: 'e' }],
    ['a:b@tcp(c)/d%20e?parseTime=true', { database: 'd e' }],
    ['a:b@unix(/run/mysqld/mysqld.sock)/d', { socketPath: '/run/mysqld/mysqld.sock' }],
    ['a:b@unix/d', { socketPath: '/tmp/mysql.sock' }],
    ['a@tcp(c)/d?tls=true', { encryption: 'verified' }],
    ['a@tcp(c)/d?timeout=5s&tls=skip-verify', { encryption: 'unverified' }],
    ['a@tcp(c)/d?tls=Preferred', { encryption: 'preferred' }],
    ['a@tcp(c)/d?tls=false&loc=US%2FPacific', { encryption: 'none' }],
  ])('%s', (dsn, want) => {
    expect(parseMysqlDsn(dsn)).toMatchObject(want)
  })

  it.each<[dsn: string, problem: RegExp]>([
    ['a:b@tcp(c)', /not like user:password@tcp/],
    ['', /not like user:password@tcp/],
    ['a:b@c:3306/d', /address is not like tcp/],
    ['a:b@tcp(c/d', /address is not like tcp/],
    ['a:b@udp(c)/d', /address is not like tcp/],
    ['a:b@tcp(c:x)/d', /host or port is invalid/],
    ['a:b@tcp(c)/d?tls=own', /"tls" is none of true, false/],
    ['a:b@tcp(c)/d?tls=toString', /"tls" is none of true, false/],
  ])('%s is refused', (dsn, problem) => {
    expect(() => parseMysqlDsn(dsn)).toThrow(problem)
  })
})
