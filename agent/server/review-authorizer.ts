import { createHash } from 'node:crypto'
import { API_AUDIENCE, API_GROUP, VIEWER_ACCOUNT } from '../../core/agent-api.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/contract/index.ts'
import { asProblem, isFailure } from '../../core/errors.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { AGENT_NAMESPACE } from '../../core/names.ts'
import type { Asked, Authorizer, Decision, Refusal } from './authorizer.ts'
import { createGate } from './gate.ts'
import { createRecent } from './recent.ts'
import { couldBeOurs, reviewAccess, reviewToken, type ReviewedUser } from './reviews.ts'

/** A token that was good is taken for good this long. */
const KNOWN_MS = 60_000
/** And one that was bad for bad: whoever sends it again and again costs one question. */
const REFUSED_MS = 10_000
const ALLOWED_MS = 10_000
/** While the API server cannot be asked, what was allowed still is, this long. */
const AWAY_MS = 60_000
const MAX_KEPT = 1000
const TOKEN_LIMITS = { atOnce: 4, waiting: 32, perMinute: 300 }
const ACCESS_LIMITS = { atOnce: 8, waiting: 64, perMinute: 1200 }

const UNKNOWN: Refusal = {
  status: 401,
  code: 'UNAUTHORIZED',
  message: `a bearer token of audience "${API_AUDIENCE}" is needed`,
  remedy: `get one: kubectl create token ${VIEWER_ACCOUNT} -n ${AGENT_NAMESPACE} --audience ${API_AUDIENCE} --duration 10m`,
}
const BUSY: Refusal = { status: 429, code: 'TOO_MANY_REQUESTS', message: 'too much is asked for at once', retryAfterS: 5 }
const AWAY: Refusal = {
  status: 503,
  code: 'API_UNAVAILABLE',
  message: 'the API server cannot be asked who may see this',
  remedy: 'try again once it answers; the log of the agent says why',
  retryAfterS: 10,
}

const isAway = (error: unknown) => isFailure(error, 'CLUSTER_UNREACHABLE', 'API_UNAVAILABLE')

/**
 * In a cluster: the API server says whose token it is (TokenReview) and whether they may do what they ask for
 * (SubjectAccessReview). What it said is remembered for a moment, by the token's hash; no token is kept.
 */
export function reviewAuthorizer(edge: { client: KubeClient; clock: Clock; log: Logger }): Authorizer {
  const { client, clock, log } = edge
  const users = createRecent<ReviewedUser>(clock, MAX_KEPT)
  const refused = createRecent<true>(clock, MAX_KEPT)
  const allowed = createRecent<true>(clock, MAX_KEPT)
  const tokenGate = createGate(clock, TOKEN_LIMITS)
  const accessGate = createGate(clock, ACCESS_LIMITS)
  const asking = new Map<string, Promise<ReviewedUser | Refusal>>()

  const ask = async (token: string, key: string): Promise<ReviewedUser | Refusal> => {
    try {
      const answer = await tokenGate.pass(() => reviewToken(client, token))
      if (!answer) return BUSY
      if (answer.value) users.set(key, answer.value)
      else refused.set(key, true)
      return answer.value ?? UNKNOWN
    } catch (error) {
      log.warn({ problem: asProblem(error) }, 'a token cannot be reviewed')
      return AWAY
    }
  }
  const whose = async (token: string | undefined, key: string): Promise<ReviewedUser | Refusal> => {
    if (token === undefined || !couldBeOurs(token, clock.now()) || refused.get(key, REFUSED_MS)) return UNKNOWN
    const known = users.get(key, KNOWN_MS)
    if (known) return known
    let answer = asking.get(key)
    if (!answer) {
      answer = ask(token, key).finally(() => asking.delete(key))
      asking.set(key, answer)
    }
    return answer
  }
  const may = async (user: ReviewedUser, key: string, asked: Asked, isNow: boolean): Promise<Decision> => {
    const what = `${key} ${JSON.stringify(asked)}`
    if (!isNow && allowed.get(what, ALLOWED_MS)) return { user: user.username, isStale: false }
    try {
      const answer = await accessGate.pass(() => reviewAccess(client, user, asked))
      if (!answer) return { refusal: BUSY }
      const { isAllowed, reason } = answer.value
      if (!isAllowed) {
        allowed.drop(what)
        return { refusal: forbidden(user, asked, reason) }
      }
      allowed.set(what, true)
      return { user: user.username, isStale: false }
    } catch (error) {
      log.warn({ problem: asProblem(error) }, 'a right cannot be reviewed')
      const wasAllowed = !isNow && isAway(error) && allowed.get(what, AWAY_MS)
      return wasAllowed ? { user: user.username, isStale: true } : { refusal: AWAY }
    }
  }
  return {
    async decide(token, asked, isNow) {
      const key = createHash('sha256')
        .update(token ?? '')
        .digest('base64')
      const user = await whose(token, key)
      if ('status' in user) return { refusal: user }
      return asked ? may(user, key, asked, isNow) : { user: user.username, isStale: false }
    },
  }
}

function forbidden({ username }: ReviewedUser, asked: Asked, reason: string): Refusal {
  const resource = asked.subresource ? `${asked.resource}/${asked.subresource}` : asked.resource
  const where = asked.namespace === undefined ? 'in the whole cluster' : `in namespace "${asked.namespace}"`
  return {
    status: 403,
    code: 'FORBIDDEN',
    message: `user "${username}" may not ${asked.verb} ${resource}.${API_GROUP} ${where}${reason ? `: ${reason}` : ''}`,
    remedy: 'an administrator can grant it: it is plain RBAC, and docs/http-api.md names the rights',
  }
}
