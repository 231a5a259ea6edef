import * as z from 'zod'
import { API_AUDIENCE, API_GROUP } from '../../core/agent-api.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import type { Asked } from './authorizer.ts'

const User = z.object({
  username: z.string().min(1),
  uid: z.string().optional(),
  groups: z.array(z.string()).optional(),
  extra: z.record(z.string(), z.array(z.string())).optional(),
})
/** Whose token it is, as the API server says. */
export type ReviewedUser = z.infer<typeof User>

const TokenStatus = z.object({
  status: z.object({
    authenticated: z.boolean().optional(),
    audiences: z.array(z.string()).optional(),
    user: z.unknown().optional(),
  }),
})
const AccessStatus = z.object({
  status: z.object({ allowed: z.boolean(), reason: z.string().optional(), evaluationError: z.string().optional() }),
})

const REVIEW_MS = 5_000
const MAX_TOKEN = 16 * 1024

/**
 * Whether asking about a token can lead anywhere: one of our audience is a JSON web token that says so and has not expired. Its
 * signature is not looked at; what says nothing of us is refused without a question.
 */
export function couldBeOurs(token: string, now: Date): boolean {
  const parts = token.split('.')
  if (token.length > MAX_TOKEN || parts.length !== 3 || !/^[\w.-]+$/.test(token)) return false
  try {
    const claims = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8')) as {
      aud?: unknown
      exp?: unknown
    } | null
    const isForUs = [claims?.aud].flat().includes(API_AUDIENCE)
    return isForUs && (typeof claims?.exp !== 'number' || claims.exp * 1000 > now.getTime())
  } catch {
    return false
  }
}

/** Whose token it is; undefined when it is nobody's, or not for us. Throws what the client throws. */
export async function reviewToken(client: KubeClient, token: string): Promise<ReviewedUser | undefined> {
  const answer = await review(client, 'authentication.k8s.io', 'TokenReview', { token, audiences: [API_AUDIENCE] })
  const { status } = TokenStatus.parse(answer)
  // Who does not know of audiences answers without any, for the API server's own: that is not us.
  if (status.authenticated !== true || !status.audiences?.includes(API_AUDIENCE)) return undefined
  return User.parse(status.user)
}

/** Whether a user may do what is asked for. Throws what the client throws. */
export async function reviewAccess(
  client: KubeClient,
  { username, uid, groups, extra }: ReviewedUser,
  { namespace, resource, subresource, verb, name }: Asked,
): Promise<{ isAllowed: boolean; reason: string }> {
  const resourceAttributes = { group: API_GROUP, version: 'v1', resource, subresource, verb, namespace, name }
  const spec = { user: username, uid, groups, extra, resourceAttributes }
  const { status } = AccessStatus.parse(await review(client, 'authorization.k8s.io', 'SubjectAccessReview', spec))
  return { isAllowed: status.allowed, reason: status.reason ?? status.evaluationError ?? '' }
}

/** Nothing is created by it: it may be sent again. */
function review(client: KubeClient, group: string, kind: string, spec: object): Promise<unknown> {
  return client.json({
    method: 'POST',
    path: `/apis/${group}/v1/${kind.toLowerCase()}s`,
    body: { apiVersion: `${group}/v1`, kind, spec },
    timeoutMs: REVIEW_MS,
    isIdempotent: true,
  })
}
