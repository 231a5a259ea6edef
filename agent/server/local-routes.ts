import type { Handled } from './route.ts'

/** What the daemon of a computer shows. */
export interface LocalView {
  jobs(): unknown[]
  daemon(): object
}

/** All of the API on a computer, where there are no namespaces. */
export const localRoutes = (view: LocalView): Handled[] => [
  {
    path: '/api/v1/jobs',
    resource: 'jobs',
    verb: 'list',
    isNow: false,
    about: 'the jobs with their status',
    handle: () => ({ document: { items: view.jobs() }, isStale: false }),
  },
  {
    path: '/api/v1/daemon',
    resource: 'agents',
    verb: 'get',
    isNow: false,
    about: 'the daemon itself',
    handle: () => ({ document: view.daemon(), isStale: false }),
  },
]
