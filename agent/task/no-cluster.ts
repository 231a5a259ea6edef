import type { Kube } from '../../core/contract/index.ts'
import { fail } from '../../core/errors.ts'

const refuse = (): never => {
  throw fail('NOT_SUPPORTED', { what: 'collecting from a cluster', remedy: 'leave it out, or mark it with "exclude: true"' })
}

/** What collectors that need no cluster are given: every call is refused. */
export const noCluster: Kube = {
  list: refuse,
  get: refuse,
  raw: refuse,
  pods: refuse,
  logs: refuse,
  exec: refuse,
  review: refuse,
  own: refuse,
}
