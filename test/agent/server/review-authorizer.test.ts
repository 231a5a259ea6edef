import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Asked, Authorizer, Decision } from '../../../agent/server/authorizer.ts'
import { reviewAuthorizer } from '../../../agent/server/review-authorizer.ts'
import { aClient, type FakeServer, json, startFakeServer } from '../../core/kube/fake-server.ts'
import { MemoryLog } from '../../support/agent.ts'
import { FakeClock, settle } from '../../support/clock.ts'

// A fake API server: here time stands still, and the server goes away. cluster-routes.test.ts asks a real one.

const START = '2026-03-10T00:00:00Z'
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const aToken = (claims: object, name = 'x') => `${encode({ alg: 'none' })}.${encode({ sub: name, ...claims })}.sig`
const GOOD = aToken({ aud: ['support-bundle-schedule'], exp: Date.parse(START) / 1000 + 600 })
const RUNS: Asked = { namespace: 'payments', resource: 'runs', verb: 'get', name: 'a.1' }

interface Review {
  kind: string
  spec: { token?: string; audiences?: string[]; user?: string; resourceAttributes?: Record<string, unknown> } & Record<
    string,
    unknown
  >
}

let server: FakeServer
let clock: FakeClock
let authorizer: Authorizer
let log: MemoryLog
let close: () => void
let asked: Review[]
let isAway: boolean
let answer: (review: Review) => object
let status: number

const user = { username: 'ann', uid: 'u-1', groups: ['staff'], extra: { 'example.org/team': ['a'] } }
const known = { authenticated: true, audiences: ['support-bundle-schedule'], user }

beforeEach(async () => {
  asked = []
  isAway = false
  status = 201
  answer = ({ kind }) => (kind === 'TokenReview' ? known : { allowed: true })
  server = await startFakeServer((request, response) => {
    const { body } = server.requests.at(-1) ?? { body: '' }
    if (isAway) return void request.socket.destroy()
    const review = JSON.parse(body) as Review
    asked.push(review)
    json(response, { ...review, status: answer(review) }, status)
  })
  const made = aClient(server.url)
  close = () => made.client.close()
  clock = new FakeClock(START)
  log = new MemoryLog()
  authorizer = reviewAuthorizer({ client: made.client, clock, log })
})
afterEach(async () => {
  close()
  await server.close()
})

const kinds = () => asked.map(({ kind }) => kind)
const refusalOf = (decision: Decision) => ('refusal' in decision ? decision.refusal : undefined)
const statusOf = async (token: string | undefined, what: Asked | undefined = RUNS, isNow = false) =>
  refusalOf(await authorizer.decide(token, what, isNow))?.status ?? 'allowed'

describe('what is asked', () => {
  it('is whose token it is, for our audience alone, and whether that user may', async () => {
    const bundle: Asked = { ...RUNS, subresource: 'bundle' }
    expect(await authorizer.decide(GOOD, bundle, false)).toEqual({ user: 'ann', isStale: false })
    expect(asked.map(({ spec }) => spec)).toEqual([
      { token: GOOD, audiences: ['support-bundle-schedule'] },
      {
        user: 'ann',
        uid: 'u-1',
        groups: ['staff'],
        extra: { 'example.org/team': ['a'] },
        resourceAttributes: {
          group: 'support-bundle-schedule.io',
          version: 'v1',
          resource: 'runs',
          subresource: 'bundle',
          verb: 'get',
          namespace: 'payments',
          name: 'a.1',
        },
      },
    ])
  })

  const bad: [string, string | undefined][] = [
    ['no token', undefined],
    ['no JSON web token', 'abc'],
    ['a token of two parts', 'a.b'],
    ['a token that is not JSON inside', 'a.b.c'],
    ['a token for another audience', aToken({ aud: ['https://kubernetes.default.svc'] })],
    ['a token of no audience', aToken({})],
    ['a token that has expired', aToken({ aud: 'support-bundle-schedule', exp: Date.parse(START) / 1000 })],
    ['a huge token', `${GOOD}${'x'.repeat(20_000)}`],
    ['a token with a line break', `${GOOD}\n`],
  ]
  it.each(bad)('is nothing for %s', async (_, token) => {
    const refusal = refusalOf(await authorizer.decide(token, RUNS, false))
    expect(refusal).toMatchObject({ status: 401, code: 'UNAUTHORIZED', remedy: expect.stringContaining('kubectl create token') })
    expect(asked).toEqual([])
  })

  it('is not who may, when only the token matters', async () => {
    expect(await authorizer.decide(GOOD, undefined, false)).toEqual({ user: 'ann', isStale: false })
    expect(kinds()).toEqual(['TokenReview'])
  })
})

describe('a token', () => {
  const strange: [string, object][] = [
    ['is not authenticated', { authenticated: false, audiences: ['support-bundle-schedule'], user }],
    ['is good for somebody else', { ...known, audiences: ['https://kubernetes.default.svc'] }],
    ['is good for nobody in particular', { authenticated: true, user }],
    ['is answered with nothing', {}],
  ]
  it.each(strange)('that %s opens nothing', async (_, token) => {
    answer = ({ kind }) => (kind === 'TokenReview' ? token : { allowed: true })
    expect(await statusOf(GOOD)).toBe(401)
  })

  it('is asked about once in a minute, and once in ten seconds when it was bad', async () => {
    for (let second = 0; second < 60; second += 5) {
      await statusOf(GOOD)
      await clock.advance(5_000)
    }
    expect(kinds().filter((kind) => kind === 'TokenReview')).toHaveLength(1)
    await statusOf(GOOD)
    expect(kinds().filter((kind) => kind === 'TokenReview')).toHaveLength(2)

    asked.length = 0
    answer = () => ({ authenticated: false })
    const other = aToken({ aud: 'support-bundle-schedule' }, 'other')
    for (let second = 0; second < 10; second++) {
      expect(await statusOf(other)).toBe(401)
      await clock.advance(1_000)
    }
    expect(asked).toHaveLength(1)
    await statusOf(other)
    expect(asked).toHaveLength(2)
  })

  it('that expires while it is remembered opens nothing any more', async () => {
    const short = aToken({ aud: 'support-bundle-schedule', exp: Date.parse(START) / 1000 + 5 })
    expect(await statusOf(short)).toBe('allowed')
    await clock.advance(5_000)
    expect(await statusOf(short)).toBe(401)
  })

  it('is asked about once by all who send it at the same time', async () => {
    await Promise.all(Array.from({ length: 20 }, () => authorizer.decide(GOOD, undefined, false)))
    expect(kinds()).toEqual(['TokenReview'])
  })
})

describe('a flood of unknown tokens', () => {
  it('becomes few questions, never many at once, and those who are known go on', async () => {
    expect(await statusOf(GOOD)).toBe('allowed')
    asked.length = 0
    answer = ({ kind }) => (kind === 'TokenReview' ? { authenticated: false } : { allowed: true })
    const flood = Array.from({ length: 500 }, (_, index) => statusOf(aToken({ aud: 'support-bundle-schedule' }, String(index))))
    const answers = await Promise.all(flood)
    expect(answers.filter((one) => one === 401)).toHaveLength(36)
    expect(answers.filter((one) => one === 429)).toHaveLength(464)
    expect(asked).toHaveLength(36)
    expect(server.connections).toBeLessThanOrEqual(5)
    expect(await statusOf(GOOD)).toBe('allowed')
  })

  it('ends with the budget of a minute, however slowly it comes', async () => {
    answer = () => ({ authenticated: false })
    for (let index = 0; index < 400; index++) await statusOf(aToken({ aud: 'support-bundle-schedule' }, String(index)))
    expect(asked).toHaveLength(300)
  })
})

describe('a right', () => {
  it('that is missing is a 403 that says what of', async () => {
    answer = ({ kind }) => (kind === 'TokenReview' ? known : { allowed: false, reason: 'no RBAC policy matched' })
    expect(refusalOf(await authorizer.decide(GOOD, { ...RUNS, subresource: 'bundle' }, false))).toMatchObject({
      status: 403,
      message: 'user "ann" may not get runs/bundle.support-bundle-schedule.io in namespace "payments": no RBAC policy matched',
    })
  })

  it('is asked for again after ten seconds, and each time where it has to be of this moment', async () => {
    await statusOf(GOOD)
    await clock.advance(9_000)
    await statusOf(GOOD)
    expect(kinds().filter((kind) => kind === 'SubjectAccessReview')).toHaveLength(1)
    await statusOf(GOOD, RUNS, true)
    expect(kinds().filter((kind) => kind === 'SubjectAccessReview')).toHaveLength(2)
    await clock.advance(10_000)
    answer = ({ kind }) => (kind === 'TokenReview' ? known : { allowed: false })
    expect(await statusOf(GOOD)).toBe(403)
    answer = ({ kind }) => (kind === 'TokenReview' ? known : { allowed: true })
    expect(await statusOf(GOOD), 'a refusal is not remembered').toBe('allowed')
  })

  it('that has ended is not remembered: not for other questions, and not while the API server is away', async () => {
    await statusOf(GOOD)
    answer = ({ kind }) => (kind === 'TokenReview' ? known : { allowed: false })
    expect(await statusOf(GOOD, RUNS, true)).toBe(403)
    expect(await statusOf(GOOD)).toBe(403)
    isAway = true
    expect(await statusOf(GOOD)).toBe(503)
  })

  it('for one thing is none for another', async () => {
    await statusOf(GOOD)
    answer = ({ kind }) => (kind === 'TokenReview' ? known : { allowed: false })
    const others: Partial<Asked>[] = [
      { namespace: 'other' },
      { name: 'b.1' },
      { subresource: 'bundle' },
      { verb: 'list' },
      { resource: 'jobs' },
    ]
    for (const change of others) expect(await statusOf(GOOD, { ...RUNS, ...change }), JSON.stringify(change)).toBe(403)
    expect(await statusOf(GOOD)).toBe('allowed')
  })
})

describe('while the API server is away', () => {
  it('what was allowed still is for a minute, marked stale, but never what must be of this moment', async () => {
    await statusOf(GOOD)
    await statusOf(GOOD, RUNS, true)
    isAway = true
    await clock.advance(9_000)
    expect(await authorizer.decide(GOOD, RUNS, false), 'not asked yet').toMatchObject({ isStale: false })
    await clock.advance(20_000)
    expect(await authorizer.decide(GOOD, RUNS, false)).toEqual({ user: 'ann', isStale: true })
    expect(await statusOf(GOOD, RUNS, true)).toBe(503)
    expect(await statusOf(GOOD, { ...RUNS, name: 'b.1' }), 'never asked before').toBe(503)
    expect(log.of('warn')).toContain('a right cannot be reviewed')
    await clock.advance(32_000)
    expect(await statusOf(GOOD)).toBe(503)
    isAway = false
    expect(await statusOf(GOOD)).toBe('allowed')
  })

  it('an unknown token is no 401: nobody can say', async () => {
    isAway = true
    const refusal = refusalOf(await authorizer.decide(GOOD, RUNS, false))
    expect(refusal).toMatchObject({ status: 503, code: 'API_UNAVAILABLE', retryAfterS: 10 })
    isAway = false
    expect(await statusOf(GOOD)).toBe('allowed')
  })

  it('a refusal that was its own is told apart: what was allowed is not served then', async () => {
    await statusOf(GOOD)
    await clock.advance(20_000)
    status = 403
    expect(await statusOf(GOOD)).toBe(503)
    await settle()
    expect(log.of('warn')).toEqual(['a right cannot be reviewed'])
  })
})
