import { createHash, timingSafeEqual } from 'node:crypto'

/** What somebody wants to do, in the words of RBAC. */
export interface Asked {
  /** none for what is not of a namespace */
  namespace: string | undefined
  resource: 'jobs' | 'runs' | 'agents'
  subresource?: 'bundle'
  verb: 'get' | 'list'
  name?: string | undefined
}

/** Why not, as it is answered. */
export interface Refusal {
  status: 401 | 403 | 429 | 503
  code: string
  message: string
  remedy?: string
  /** when it is worth another try */
  retryAfterS?: number
}

/** `isStale`: it was so a moment ago, and whether it still is cannot be asked. */
export type Decision = { user: string; isStale: boolean } | { refusal: Refusal }

/** Who may see what. Never throws: what cannot be decided is refused. */
export interface Authorizer {
  /**
   * @param token of the Authorization header, if there was one
   * @param asked undefined: only whether the token is known
   * @param isNow the answer must be of this moment, not remembered
   */
  decide(token: string | undefined, asked: Asked | undefined, isNow: boolean): Promise<Decision>
}

/** On one computer: who can read the token of this start may do everything. */
export function tokenAuthorizer(expected: string): Authorizer {
  const message = 'a bearer token is needed: the content of the file state/token in the store folder'
  return {
    async decide(token) {
      if (token !== undefined && isSame(token, expected)) return { user: 'the user of this computer', isStale: false }
      return { refusal: { status: 401, code: 'UNAUTHORIZED', message } }
    },
  }
}

/** Hashed first, so that neither length nor content shows in the time taken. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(expected))
}
