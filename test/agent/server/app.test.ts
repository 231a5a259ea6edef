import { describe, expect, it } from 'vitest'
import { createApp, createMetricsApp, type ServerView } from '../../../agent/server/app.ts'
import { type Authorizer, type Decision, tokenAuthorizer } from '../../../agent/server/authorizer.ts'
import { localRoutes } from '../../../agent/server/local-routes.ts'
import type { Handled } from '../../../agent/server/route.ts'

const shown = { jobs: () => [{ name: 'nightly' }], daemon: () => ({ version: '1.2.3' }) }
const api = { authorizer: tokenAuthorizer('right'), routes: localRoutes(shown) }
const view = (change: Partial<ServerView> = {}): ServerView => ({
  notReady: () => undefined,
  metrics: () => 'some_metric 1\n',
  api,
  ...change,
})

const ask = (path: string, init?: RequestInit, change?: Partial<ServerView>) => createApp(view(change)).request(path, init)
const TOKENS: Record<string, Record<string, string>> = {
  'no token': {},
  'a wrong token': { authorization: 'Bearer wrong' },
  'a token that begins right': { authorization: 'Bearer right-but-longer' },
  'an empty token': { authorization: 'Bearer ' },
  'another scheme': { authorization: 'Basic right' },
  'the right token': { authorization: 'Bearer right' },
}

interface Route {
  path: string
  isOpen: boolean
  status: number
  body: string
}
const ROUTES: Route[] = [
  { path: '/healthz', isOpen: true, status: 200, body: 'ok\n' },
  { path: '/readyz', isOpen: true, status: 200, body: 'ok\n' },
  { path: '/metrics', isOpen: true, status: 200, body: 'some_metric 1\n' },
  { path: '/api/v1/jobs', isOpen: false, status: 200, body: '{"items":[{"name":"nightly"}]}' },
  { path: '/api/v1/daemon', isOpen: false, status: 200, body: '{"version":"1.2.3"}' },
  { path: '/api/v1/secrets', isOpen: false, status: 404, body: '{"code":"NOT_FOUND","message":"there is no /api/v1/secrets"}' },
  { path: '/api', isOpen: false, status: 404, body: '{"code":"NOT_FOUND","message":"there is no /api"}' },
  { path: '/nothing', isOpen: true, status: 404, body: '{"code":"NOT_FOUND","message":"there is no /nothing"}' },
]

describe('each route', () => {
  const cases = ROUTES.flatMap((route) => Object.entries(TOKENS).map(([token, headers]) => ({ ...route, token, headers })))
  it.each(cases)('$path with $token', async ({ path, isOpen, status, body, token, headers }) => {
    const response = await ask(path, { headers })
    const isAllowed = isOpen || token === 'the right token'
    expect(response.status).toBe(isAllowed ? status : 401)
    const text = await response.text()
    if (isAllowed) expect(text).toBe(body)
    else {
      expect(JSON.parse(text)).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('state/token') })
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      expect(text).not.toContain('right')
    }
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH'])('takes no %s', async (method) => {
    for (const { path } of ROUTES)
      expect((await ask(path, { method, headers: TOKENS['the right token'] ?? {} })).status).toBe(404)
  })

  it('takes no large body', async () => {
    const response = await ask('/api/v1/jobs', {
      method: 'POST',
      body: 'x'.repeat(100_000),
      headers: { authorization: 'Bearer right', 'content-length': '100000' },
    })
    expect(response.status).toBe(413)
  })
})

describe('without an API', () => {
  it.each(['/api', '/api/v1/jobs', '/api/v1/daemon'])('there is no %s, whatever the token', async (path) => {
    const { api: _, ...without } = view()
    for (const headers of Object.values(TOKENS)) expect((await createApp(without).request(path, { headers })).status).toBe(404)
  })
})

describe('readiness', () => {
  it('says what is missing', async () => {
    const response = await ask('/readyz', {}, { notReady: () => 'the store has not been read yet' })
    expect([response.status, await response.text()]).toEqual([503, 'the store has not been read yet\n'])
  })
})

describe('metrics', () => {
  it('are in the text format of Prometheus', async () => {
    expect((await ask('/metrics')).headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  it('are not there when they are switched off', async () => {
    expect((await ask('/metrics', {}, { metrics: () => undefined })).status).toBe(404)
  })

  it('have an app of their own for a port of their own, with nothing else', async () => {
    const { metrics: _, ...without } = view()
    expect((await createApp(without).request('/metrics')).status).toBe(404)
    const app = createMetricsApp(() => 'some_metric 1\n')
    expect(await (await app.request('/metrics')).text()).toBe('some_metric 1\n')
    for (const path of ['/healthz', '/api/v1/jobs', '/api/v1/agent', '/'])
      expect((await app.request(path, { headers: TOKENS['the right token'] ?? {} })).status, path).toBe(404)
  })
})

describe('a fault', () => {
  it('tells nothing of itself to who asked', async () => {
    const jobs = () => {
      throw new Error('secret path /home/me')
    }
    const routes = localRoutes({ ...shown, jobs })
    const response = await ask('/api/v1/jobs', { headers: TOKENS['the right token'] ?? {} }, { api: { ...api, routes } })
    expect([response.status, await response.text()]).toEqual([500, expect.not.stringContaining('secret')])
  })
})

describe('a route and its authorizer', () => {
  const routes: Handled[] = [
    {
      ...{ path: '/api/v1/namespaces/:namespace/jobs/:name/runs', resource: 'runs', verb: 'list', isNow: false, about: '' },
      handle: () => ({ document: { items: [] }, isStale: false }),
    },
    {
      ...{ path: '/api/v1/namespaces/:namespace/runs/:name/bundle', resource: 'runs', verb: 'get', isNow: true, about: '' },
      subresource: 'bundle',
      handle: ({ namespace, name, user, isHead, header }) => ({
        document: { namespace, name, user, isHead, range: header('range') },
        isStale: false,
      }),
    },
    {
      ...{ path: '/api/v1/old', resource: 'agents', verb: 'get', isNow: false, about: '' },
      handle: () => ({ document: {}, isStale: true }),
    },
  ]
  function withAuthorizer(decision: Decision) {
    const asked: unknown[][] = []
    const authorizer: Authorizer = {
      async decide(...what) {
        asked.push(what)
        return decision
      },
    }
    const app = createApp(view({ api: { authorizer, routes } }))
    return { asked, get: (path: string, init?: RequestInit) => app.request(path, init) }
  }
  const fresh: Decision = { user: 'ann', isStale: false }

  it('asks for just what the table says, and hands on what was asked', async () => {
    const { asked, get } = withAuthorizer(fresh)
    const headers = { authorization: 'bearer t', range: 'bytes=0-1' }
    await get('/api/v1/namespaces/payments/jobs/nightly/runs', { headers })
    const bundle = await get('/api/v1/namespaces/pay%2Fments/runs/nightly.1/bundle', { headers })
    await get('/api/v1/old')
    expect(asked).toEqual([
      ['t', { namespace: 'payments', resource: 'runs', verb: 'list' }, false],
      ['t', { namespace: 'pay/ments', resource: 'runs', subresource: 'bundle', verb: 'get', name: 'nightly.1' }, true],
      [undefined, { namespace: undefined, resource: 'agents', verb: 'get', name: undefined }, false],
    ])
    const call = { namespace: 'pay/ments', name: 'nightly.1', user: 'ann', isHead: false, range: 'bytes=0-1' }
    expect(await bundle.json()).toEqual(call)
  })

  it('marks what is not known to be so any more', async () => {
    for (const [decision, path] of [
      [{ user: 'ann', isStale: true }, '/api/v1/namespaces/a/jobs/b/runs'],
      [fresh, '/api/v1/old'],
    ] as const) {
      const response = await withAuthorizer(decision).get(path)
      expect(await response.json()).toMatchObject({ stale: true })
      expect(response.headers.get('warning')).toBe('110 - "Response is Stale"')
    }
    const response = await withAuthorizer(fresh).get('/api/v1/namespaces/a/jobs/b/runs')
    expect(await response.json()).toEqual({ items: [] })
    expect([response.headers.get('warning'), response.headers.get('cache-control')]).toEqual([null, 'no-store'])
  })

  it('says when to come again', async () => {
    const refusal = { status: 429, code: 'TOO_MANY_REQUESTS', message: 'later', retryAfterS: 5 } as const
    const response = await withAuthorizer({ refusal }).get('/api/v1/old')
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '5'])
    expect(await response.json()).toEqual({ code: 'TOO_MANY_REQUESTS', message: 'later' })
  })
})
