import { rootCertificates } from 'node:tls'
import { expect, it } from 'vitest'
import { tlsOptions } from '../../../../core/contract/databases/tls-options.ts'

const none = { skipVerify: false, ca: '', cert: '', key: '' }

it('leaves the authorities to the system when there is none of ours', () => {
  expect(tlsOptions(none)).toEqual({ rejectUnauthorized: true })
})

it('puts ours beside those of the system', () => {
  const { ca = [] } = tlsOptions({ ...none, ca: 'ours' })
  expect(ca.at(-1)).toBe('ours')
  expect(ca).toContain(rootCertificates[0])
})

it('has a certificate of the client with its key, also when that of the server is not looked at', () => {
  expect(tlsOptions({ skipVerify: true, ca: '', cert: 'c', key: 'k' })).toEqual({
    rejectUnauthorized: false,
    cert: 'c',
    key: 'k',
  })
})
