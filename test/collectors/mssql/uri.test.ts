import { describe, expect, it } from 'vitest'
import { parseMssqlUri } from '../../../collectors/mssql/uri.ts'

describe('the uri of a SQL Server', () => {
  it.each<[uri: string, want: object]>([
    [
      'sqlserver://a:b@c:1?database=d',
      {
        host: 'c',
        port: 1,
        user: 'a',
        password: 'b',
        database: 'd',
        encryption: 'optional',
        isTrusted: true,
        certificateName: '',
      },
    ],
    ['sqlserver://a:b%2Fc@d', { host: 'd', port: 1433, password: 'b/c' }],
    ['sqlserver://a:b@c:1/INSTANCE?Database=d', { host: 'c', port: 1, database: 'd' }],
    ['sqlserver://c?user+id=a&password=b', { user: 'a', password: 'b' }],
    ['sqlserver://a:b@[::1]:1', { host: '::1', port: 1 }],
    ['sqlserver://a:b@c?encrypt=true', { encryption: 'required', isTrusted: false }],
    ['sqlserver://a:b@c?encrypt=TRUE&TrustServerCertificate=true', { encryption: 'required', isTrusted: true }],
    ['sqlserver://a:b@c?encrypt=false', { encryption: 'optional', isTrusted: false }],
    ['sqlserver://a:b@c?encrypt=disable', { encryption: 'none' }],
    ['sqlserver://a:b@c?encrypt=strict&trustservercertificate=true', { encryption: 'strict', isTrusted: false }],
    ['sqlserver://a:b@c?trustservercertificate=false', { isTrusted: false }],
    ['sqlserver://a:b@c?hostnameincertificate=d', { certificateName: 'd' }],
    ['server=c;user id=a;password=b;database=d', { host: 'c', port: 1433, user: 'a', password: 'b', database: 'd' }],
    ['Server=tcp:c,1;UID=a;PWD="b;""c";Initial Catalog=d', { host: 'c', port: 1, user: 'a', password: 'b;"c', database: 'd' }],
    ['Data Source=c\\I,1;User=a;Password=b=c', { host: 'c', port: 1, password: 'b=c' }],
    ['server=.;user id=a', { host: 'localhost' }],
    ['server=(local);port=2', { host: 'localhost', port: 2 }],
    ['server=::1;port=2', { host: '::1', port: 2 }],
    ['server=c;password=', { password: '' }],
    ['odbc:server=c;user id={a};password={b;}}c}', { user: 'a', password: 'b;}c' }],
    ['server=c;password={b}', { password: '{b}' }],
  ])('%s', (uri, want) => {
    expect(parseMssqlUri(uri)).toMatchObject(want)
  })

  it.each<[uri: string, problem: RegExp]>([
    ['sqlserver://a:b@c/INSTANCE', /an instance that is named needs its port/],
    ['server=c\\INSTANCE', /an instance that is named needs its port/],
    ['sqlserver://a:b@c,d', /several hosts/],
    ['sqlserver://a:b@c?encrypt=maybe', /"encrypt" is none of/],
    ['sqlserver://a:b@c?certificate=/etc/ca.crt', /"certificate" names a file/],
    ['sqlserver://a:b@c?fedauth=ActiveDirectoryMSI', /"fedauth" asks for a login of Azure/],
    ['server=c;user id=CORP\\a', /a login of a Windows domain/],
    ['server=np:\\\\c\\pipe;user id=a', /only TCP|host or port|instance/],
    ['server=c,x', /host or port is invalid/],
    ['mssql://a:b@c', /neither a sqlserver:\/\/ URL nor a list/],
    ['', /neither/],
  ])('%s is refused', (uri, problem) => {
    expect(() => parseMssqlUri(uri)).toThrow(problem)
  })
})
