import { createHash, timingSafeEqual } from 'node:crypto'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { secureHeaders } from 'hono/secure-headers'

/** What the HTTP server shows: views, never the store itself. */
export interface ServerView {
  /** undefined when ready, else what is missing */
  notReady(): string | undefined
  /** the Prometheus text; undefined when switched off */
  metrics(): string | undefined
  /** absent: there is no API, only health and metrics */
  api?: {
    /** secret of this start, from the token file */
    token: string
    jobs(): unknown[]
    daemon(): object
  }
}

const MAX_BODY = 64 * 1024
const TOO_LARGE = { code: 'TOO_LARGE', message: `a request has at most ${MAX_BODY} bytes` }

/** `/healthz /readyz /metrics` are open; everything under `/api/` needs the token. */
export function createApp(view: ServerView): Hono {
  const app = new Hono()
  app.use(secureHeaders(), bodyLimit({ maxSize: MAX_BODY, onError: (context) => context.json(TOO_LARGE, 413) }))
  app.get('/healthz', (context) => context.text('ok\n'))
  app.get('/readyz', (context) => {
    const missing = view.notReady()
    return missing === undefined ? context.text('ok\n') : context.text(`${missing}\n`, 503)
  })
  app.get('/metrics', (context) => {
    const text = view.metrics()
    return text === undefined
      ? context.notFound()
      : context.text(text, 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
  })
  if (view.api) addApi(app, view.api)
  app.notFound((context) => context.json({ code: 'NOT_FOUND', message: `there is no ${context.req.path}` }, 404))
  app.onError((_, context) => context.json({ code: 'INTERNAL', message: 'something went wrong; see the log of the daemon' }, 500))
  return app
}

function addApi(app: Hono, api: NonNullable<ServerView['api']>): void {
  app.use('/api/*', async (context, next) => {
    const given = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1]
    if (given === undefined || !isSame(given, api.token)) {
      const message = 'a bearer token is needed: the content of the file state/token in the store folder'
      return context.json({ code: 'UNAUTHORIZED', message }, 401, { 'www-authenticate': 'Bearer' })
    }
    return next()
  })
  app.get('/api/v1/jobs', (context) => context.json({ items: api.jobs() }))
  app.get('/api/v1/daemon', (context) => context.json(api.daemon()))
}

/** Hashed first, so that neither length nor content shows in the time taken. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(expected))
}
