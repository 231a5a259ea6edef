import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { secureHeaders } from 'hono/secure-headers'
import type { Asked, Decision, Refusal } from './authorizer.ts'
import type { Answer, Api, Failure, Handled } from './route.ts'

/** What the HTTP server shows: views, never the store itself. */
export interface ServerView {
  /** undefined when ready, else what is missing */
  notReady(): string | undefined
  /** The Prometheus text; undefined when switched off. Absent where metrics have a port of their own. */
  metrics?(): string | undefined
  /** absent: there is no API, only health and metrics */
  api?: Api
}

const MAX_BODY = 64 * 1024
const TOO_LARGE = { code: 'TOO_LARGE', message: `a request has at most ${MAX_BODY} bytes` }

/** `/healthz /readyz` are open, and `/metrics` where it is here; everything under `/api/` is for whom the authorizer lets in. */
export function createApp(view: ServerView): Hono {
  const app = bareApp()
  app.get('/healthz', (context) => context.text('ok\n'))
  app.get('/readyz', (context) => {
    const missing = view.notReady()
    return missing === undefined ? context.text('ok\n') : context.text(`${missing}\n`, 503)
  })
  if (view.metrics) addMetrics(app, () => view.metrics?.())
  if (view.api) addApi(app, view.api)
  return app
}

/** `/metrics` alone, for a port of its own. */
export function createMetricsApp(metrics: () => string | undefined): Hono {
  const app = bareApp()
  addMetrics(app, metrics)
  return app
}

function bareApp(): Hono {
  const app = new Hono()
  app.use(secureHeaders(), bodyLimit({ maxSize: MAX_BODY, onError: (context) => context.json(TOO_LARGE, 413) }))
  app.notFound((context) => context.json({ code: 'NOT_FOUND', message: `there is no ${context.req.path}` }, 404))
  app.onError((_, context) => context.json({ code: 'INTERNAL', message: 'something went wrong; see the log of the agent' }, 500))
  return app
}

function addMetrics(app: Hono, metrics: () => string | undefined): void {
  app.get('/metrics', (context) => {
    const text = metrics()
    return text === undefined
      ? context.notFound()
      : context.text(text, 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
  })
}

function addApi(app: Hono, { authorizer, routes }: Api): void {
  const decide = (context: Context, asked: Asked | undefined, isNow: boolean) =>
    authorizer.decide(/^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1], asked, isNow)
  for (const route of routes)
    app.get(route.path, async (context) => {
      const namespace = context.req.param('namespace')
      const name = context.req.param('name')
      const { resource, subresource, verb } = route
      // A name that is only looked under is not the name of what is asked for.
      const asked = { namespace, resource, ...(subresource ? { subresource } : {}), verb, ...(verb === 'get' ? { name } : {}) }
      const decision = await decide(context, asked, route.isNow)
      if ('refusal' in decision) return refuse(context, decision.refusal)
      return answer(context, await route.handle(callOf(context, decision)), decision.isStale)
    })
  app.all('/api/*', async (context) => {
    const decision = await decide(context, undefined, false)
    return 'refusal' in decision ? refuse(context, decision.refusal) : context.notFound()
  })
}

function callOf(context: Context, { user, isStale }: Exclude<Decision, { refusal: Refusal }>): Parameters<Handled['handle']>[0] {
  return {
    ...{ user, isStale },
    namespace: context.req.param('namespace') ?? '',
    name: context.req.param('name') ?? '',
    header: (name) => context.req.header(name),
    isHead: context.req.raw.method === 'HEAD',
  }
}

function refuse(context: Context, { status, retryAfterS, ...problem }: Refusal): Response {
  if (status === 401) context.header('www-authenticate', 'Bearer')
  if (retryAfterS !== undefined) context.header('retry-after', String(retryAfterS))
  return context.json(problem, status)
}

function answer(context: Context, given: Answer, wasStale: boolean): Response {
  // Nobody on the way may keep it for others.
  context.header('cache-control', 'no-store')
  if ('failure' in given) return failed(context, given.failure)
  if ('response' in given) return context.newResponse(given.response.body, given.response)
  if (!wasStale && !given.isStale) return context.json(given.document)
  context.header('warning', '110 - "Response is Stale"')
  return context.json({ ...given.document, stale: true })
}

const failed = (context: Context, { status, ...problem }: Failure): Response => context.json(problem, status)
