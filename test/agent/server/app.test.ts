import { describe, expect, it } from 'vitest'
import { createApp, createMetricsApp, type ServerView } from '../../../agent/server/app.ts'
import { tokenAuthorizer } from '../../../agent/server/authorizer.ts'
import { localRoutes } from '../../../agent/server/local-routes.ts'

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
