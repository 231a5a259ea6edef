import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Entry } from '../../../core/kube/kubeconfig-entry.ts'
import { oidcCredentials } from '../../../core/kube/oidc-credentials.ts'

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
/** Nobody but the API server checks the signature. */
const idToken = (expiresAt: number) => `${encode({ alg: 'RS256' })}.${encode({ sub: 'ada', exp: expiresAt })}.c2ln`
const YEAR_3000 = 32_503_680_000

const provider = (config: object) =>
  new Entry({ name: 'oidc', config }, { file: 'config', path: 'users["ada"].user.auth-provider' })

describe('the oidc auth-provider', () => {
  let issuer: Server | undefined
  afterEach(() => issuer?.close())

  it('uses an ID token for as long as it lasts', async () => {
    const token = idToken(YEAR_3000)
    const credentials = oidcCredentials(
      provider({ 'id-token': token, 'client-id': 'c', 'idp-issuer-url': 'https://issuer.invalid', 'refresh-token': 'r' }),
    )
    const first = await credentials.current()
    expect(first).toEqual({ authorization: `Bearer ${token}` })
    expect(await credentials.current()).toBe(first)
    expect(credentials.refused(first)).toBe(false)
  })

  it('says that the issuer gives no new one, without the tokens', async () => {
    issuer = createServer((_, response) => response.writeHead(503).end('down'))
    await new Promise<void>((resolve) => issuer?.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`
    const config = {
      'id-token': idToken(1),
      'client-id': 'c',
      'client-secret': 'SECRET',
      'idp-issuer-url': url,
      'refresh-token': 'REFRESH',
    }
    const error = await oidcCredentials(provider(config))
      .current()
      .catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'KUBE_CREDENTIALS' })
    expect(JSON.stringify([String(error), error])).not.toMatch(/SECRET|REFRESH/)
  })

  it('refuses a user without any token', () => {
    expect(() => oidcCredentials(provider({ 'client-id': 'c' }))).toThrow(/neither id-token nor refresh-token/)
  })
})
