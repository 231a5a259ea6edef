import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import { isFailure } from '../../../core/errors.ts'
import { KubeClient } from '../../../core/kube/client.ts'
import type { Credential } from '../../../core/kube/connection.ts'
import { connectionFrom, handOver, tokenRenewal } from '../../../core/kube/handed-connection.ts'
import { loadKubeconfig } from '../../../core/kube/kubeconfig.ts'
import { ClusterRequest } from '../../../core/task.ts'
import { FakeClock } from '../../support/clock.ts'
import { aConnection, startFakeServer } from './fake-server.ts'
import { aConfig, aWorld } from './kube-world.ts'

const bearer = (token: string): Credential => ({ authorization: `Bearer ${token}` })

describe('handing a connection over', () => {
  it('resolves files to plain data, which the protocol takes as it is', async () => {
    const pem = (text: string) => Buffer.from(text).toString('base64')
    const config = aConfig({
      cluster: { 'certificate-authority': 'ca.pem', 'tls-server-name': 'api', 'proxy-url': 'http://proxy:1' },
      user: {
        tokenFile: 'token',
        'client-certificate-data': pem('CERT'),
        'client-key-data': pem('KEY'),
        as: 'eve',
        'as-groups': ['a', 'b'],
      },
      context: { namespace: 'payments' },
    })
    const files = { '/home/me/.kube/config': config, '/home/me/.kube/ca.pem': 'CA', '/home/me/.kube/token': ' secret\n' }
    const handed = await handOver(await loadKubeconfig(aWorld(files)))
    expect(handed).toEqual({
      server: 'https://a:6443',
      context: 'a',
      user: 'a',
      namespace: 'payments',
      ca: 'CA',
      isUnverified: false,
      serverName: 'api',
      credential: { authorization: 'Bearer secret', cert: 'CERT', key: 'KEY' },
      headers: { 'impersonate-user': 'eve', 'impersonate-group': ['a', 'b'] },
      proxy: 'http://proxy:1',
      mayCompress: true,
    })
    const { connection } = ClusterRequest.parse(JSON.parse(JSON.stringify({ connection: handed })))
    const again = connectionFrom(connection, () => Promise.resolve(''))
    expect(await handOver(again)).toEqual(handed)
  })

  it('tells what cannot be read', async () => {
    const config = aConfig({ user: { tokenFile: 'gone' } })
    const connection = await loadKubeconfig(aWorld({ '/home/me/.kube/config': config }))
    await expect(handOver(connection)).rejects.toSatisfy((error) => isFailure(error, 'KUBECONFIG_INVALID'))
  })
})

/** A server that knows one token, and a client that was handed another. */
async function refusing(known: string, handed: Credential, tokens: string[]) {
  let asked = 0
  const server = await startFakeServer((request, response) => {
    response.writeHead(request.headers.authorization === `Bearer ${known}` ? 200 : 401).end('{}')
  })
  const connection = connectionFrom({ ...(await handOver(aConnection(server.url))), credential: handed }, async () => {
    asked++
    await systemClock.sleep(30)
    return tokens.shift() ?? ''
  })
  const client = new KubeClient(connection, { clock: new FakeClock(), random: () => 0, userAgent: 'test/1' })
  const get = () =>
    client.json({ path: '/x' }).then(
      () => 'ok',
      (error: { code?: string }) => error.code,
    )
  const close = () => (client.close(), server.close())
  return { get, close, asked: () => asked, server }
}

describe('a token that the server refuses', () => {
  it('is asked for anew, once for all who wait', async () => {
    const { get, close, asked, server } = await refusing('new', bearer('old'), ['new'])
    expect(await Promise.all([get(), get(), get()])).toEqual(['ok', 'ok', 'ok'])
    expect(asked()).toBe(1)
    expect(await get()).toBe('ok')
    expect(server.requests).toHaveLength(7)
    await close()
  })

  it('is asked for again when the next one expires', async () => {
    const { get, close, asked } = await refusing('third', bearer('first'), ['second', 'third'])
    expect([await get(), await get()]).toEqual(['API_UNAUTHORIZED', 'ok'])
    expect(asked()).toBe(2)
    await close()
  })

  it.each([
    ['there is no other', [''], 1],
    ['the other is the same', ['old'], 1],
  ])('stays refused when %s, and nobody asks again', async (_, tokens, questions) => {
    const { get, close, asked } = await refusing('new', bearer('old'), tokens)
    expect([await get(), await get()]).toEqual(['API_UNAUTHORIZED', 'API_UNAUTHORIZED'])
    expect(asked()).toBe(questions)
    await close()
  })

  it.each([{}, { authorization: 'Basic eDp5' }, { cert: undefined }])(
    'is not asked for when there was none: %j',
    async (credential) => {
      const { get, close, asked } = await refusing('new', credential, ['new'])
      expect(await get()).toBe('API_UNAUTHORIZED')
      expect(asked()).toBe(0)
      await close()
    },
  )
})

describe('renewing what was handed over', () => {
  const world = async (...tokens: string[]) => {
    const left = [...tokens]
    const refused: (string | undefined)[] = []
    const credentials = {
      current: () => Promise.resolve(bearer(left[0] ?? '')),
      refused: (used: Credential) => {
        refused.push(used.authorization)
        if (left.length > 1) left.shift()
        return true
      },
    }
    const connection = aConnection('http://x', { credentials })
    return { left, refused, renew: tokenRenewal(connection, await handOver(connection)) }
  }

  it('drops the token that was refused and gives the next', async () => {
    const { renew, refused } = await world('one', 'two', 'three')
    expect([await renew(), await renew(), await renew()]).toEqual(['two', 'three', 'three'])
    expect(refused).toEqual(['Bearer one', 'Bearer two', 'Bearer three'])
  })

  it('gives one that is there already, and drops nothing', async () => {
    const { renew, refused, left } = await world('one', 'two')
    left.shift()
    expect(await renew()).toBe('two')
    expect(refused).toEqual([])
  })

  it('gives nothing where there is no token', async () => {
    const credentials = { current: () => Promise.resolve({ cert: 'C', key: 'K' }), refused: () => false }
    const connection = aConnection('http://x', { credentials })
    expect(await tokenRenewal(connection, await handOver(connection))()).toBe('')
  })
})
