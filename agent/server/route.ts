import type { Asked, Authorizer } from './authorizer.ts'

/** One request that was allowed. */
export interface Call {
  namespace: string
  /** of the job or run */
  name: string
  user: string
  /** the decision is one of before: so the answer is not to be taken for the newest either */
  isStale: boolean
  header(name: string): string | undefined
  isHead: boolean
}

/** What is wrong with what was asked for. */
export interface Failure {
  status: 404 | 410 | 416 | 421 | 503
  code: string
  message: string
  remedy?: string
  /** uid of the pod that has it */
  holder?: string
}

/** A document, a failure, or a whole answer. */
export type Answer = { document: object; isStale: boolean } | { failure: Failure } | { response: Response }

/** One line of the API: who may call it is decided by RBAC, before anything is looked up. */
export interface Route {
  /** `:namespace` and `:name` are filled in */
  path: string
  resource: Asked['resource']
  subresource?: 'bundle'
  verb: Asked['verb']
  /** the right must be there at this moment; not answered while the API server is away */
  isNow: boolean
  /** one line for docs/http-api.md */
  about: string
}

/** A route with what answers it. */
export type Handled = Route & { handle(call: Call): Promise<Answer> | Answer }

/** What the HTTP server is given for its API. */
export interface Api {
  authorizer: Authorizer
  routes: readonly Handled[]
}
