import type { Kube, ListTarget, Query, RawList, RawObject } from '../contract/index.ts'
import { pluginError } from '../contract/index.ts'
import { fakeExecution, type FakeExecs, fakeOwned, type FakePod } from './fake-pods.ts'

/** A cluster that is made up. What is not there fails as at a real API server. */
export interface FakeCluster {
  /** by the path of all objects of a kind: `/api/v1/pods` */
  objects?: Record<string, object[]>
  /** what a path answers instead, also one inside a namespace: a document, or the error that asking gives */
  answers?: Record<string, object | Error>
  /** by `namespace/pod/container`, with `-previous` behind it for the time before a restart */
  logs?: Record<string, string | Error>
  /** `status` of a review, by namespace; without one, everything is allowed */
  rules?: Record<string, object>
  /** what commands in containers come to */
  execs?: FakeExecs
  /** how pods fare that collectors create; an Error refuses one */
  fate?: (pod: object) => FakePod | Error
}

type Fields = Record<string, unknown> & { metadata?: { name?: string; namespace?: string; labels?: Record<string, string> } }

/** A 403 as the host throws it. */
export function forbidden(what: string): Error {
  return pluginError('API_FORBIDDEN', `${what} is forbidden`, { class: 'permission' })
}

/** A Kube of a made-up cluster. It understands equality in selectors, and checks no manifest. */
export function fakeKube(cluster: FakeCluster = {}): Kube {
  const { objects = {}, answers = {}, logs = {}, rules = {}, execs = {}, fate = () => ({}) } = cluster
  const owned = fakeOwned(fate, 'default')
  const all = (path: string) => {
    const made = owned.objects[path]
    return made ? [...(objects[path] ?? []), ...made] : objects[path]
  }
  const namesOf = (path: string) => (all(path) ?? []).map((one) => (one as Fields).metadata?.name ?? '')
  const read = (target: ListTarget, query: Query, namespace = target.namespace): Fields[] => {
    const answer = answers[pathOf(target, namespace)]
    if (answer instanceof Error) throw answer
    const found = all(pathOf(target))
    if (!found) throw notFound(target.plural)
    const inside = (found as Fields[]).filter(({ metadata }) => namespace === undefined || metadata?.namespace === namespace)
    return inside.filter((object) => fits(object, query))
  }
  async function* list(target: ListTarget, query: Query = {}): AsyncGenerator<RawList> {
    const { namespaces, isNamespaced } = target
    if (namespaces) return yield* each(target, query, namespaces)
    let found: Fields[]
    try {
      found = read(target, query)
    } catch (error) {
      const isRefused = (error as { class?: unknown }).class === 'permission'
      if (!isRefused || isNamespaced === false || target.namespace !== undefined) throw error
      return yield* each(target, query, namesOf('/api/v1/namespaces'), error as Error)
    }
    yield* parts(found)
  }
  async function* each(target: ListTarget, query: Query, names: string[], refusal?: Error): AsyncGenerator<RawList> {
    const failures: Error[] = []
    for (const namespace of names) {
      try {
        yield { items: read(target, query, namespace).map(raw), resourceVersion: '1', namespace }
      } catch (failure) {
        failures.push(failure as Error)
        yield { items: [], resourceVersion: '', namespace, failure: failure as Error }
      }
    }
    if (failures[0] && failures.length === names.length) throw refusal ?? failures[0]
  }
  const get = async (path: string): Promise<RawObject | undefined> => {
    const answer = answers[path]
    if (answer instanceof Error) throw answer
    const [, collection = '', namespace, plural = '', name] = PATH.exec(path) ?? []
    const kind = all(`${collection}/${plural}`) as Fields[] | undefined
    const found = answer ?? kind?.find(({ metadata }) => metadata?.name === name && metadata?.namespace === namespace)
    return found && raw(found)
  }
  return {
    list,
    get,
    async *raw(path) {
      const found = await get(path)
      if (!found) throw notFound(path)
      yield Buffer.from(found.text)
    },
    async *pods({ namespace, selector = [], name }) {
      const query = {
        labelSelector: selector.join(','),
        ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
      }
      const target = { version: 'v1', plural: 'pods', ...(namespace === undefined ? {} : { namespace }) }
      let failure: Error | undefined
      for await (const part of list(target, query)) {
        failure ??= part.failure
        yield* part.items
      }
      if (failure) throw failure
    },
    logs: ({ namespace, name, container, previous }) =>
      async function* () {
        const key = `${namespace}/${name}/${container}${previous ? '-previous' : ''}`
        const log = logs[key] ?? owned.logs[key] ?? notFound(`log of ${name}`)
        if (log instanceof Error) throw log
        yield Buffer.from(log)
      },
    async exec({ namespace, name, container = '' }, command, { signal } = {}) {
      signal?.throwIfAborted()
      const given = owned.givenNames.get(`${namespace}/${name}`)
      const known = execs[`${namespace}/${name}/${container}`] ?? execs[`${given}/${container}`]
      return fakeExecution(typeof known === 'function' ? known(command) : known, `${namespace}/${name}/${container}`, signal)
    },
    review: async (kind, spec) => {
      const { namespace = '' } = spec as { namespace?: string }
      const all = {
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
        nonResourceRules: [],
        incomplete: false,
      }
      return raw({ status: kind === 'access' ? { allowed: true } : (rules[namespace] ?? all) })
    },
    own: owned.own,
  }
}

/** The same cluster, at which the run is aborted during the `at`-th call (from 1): the call then fails, as those of the real host do. */
export function abortingKube(kube: Kube, controller: AbortController, at: number): { kube: Kube; count: () => number } {
  let count = 0
  const step = () => {
    count += 1
    if (count >= at) controller.abort(new Error('aborted by the check'))
    controller.signal.throwIfAborted()
  }
  const later = async function* <Value>(values: () => AsyncIterable<Value>): AsyncGenerator<Value> {
    step()
    yield* values()
  }
  const wrapped: Kube = {
    ...kube,
    list: (target, query) => later(() => kube.list(target, query)),
    pods: (where) => later(() => kube.pods(where)),
    raw: (path, query) => later(() => kube.raw(path, query)),
    async get(path, query) {
      step()
      return kube.get(path, query)
    },
    async review(kind, spec) {
      step()
      return kube.review(kind, spec)
    },
    async exec(pod, command, options) {
      step()
      return kube.exec(pod, command, options)
    },
    async own(object) {
      step()
      return kube.own(object)
    },
  }
  return { kube: wrapped, count: () => count }
}

const PATH = /^((?:\/api\/|\/apis\/[^/]+\/)[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)\/([^/]+)$/

function pathOf({ group, version, plural }: ListTarget, namespace?: string): string {
  const place = namespace === undefined ? [] : ['namespaces', namespace]
  return ['', ...(group ? ['apis', group] : ['api']), version, ...place, plural].join('/')
}

function notFound(what: string): Error {
  return pluginError('API_NOT_FOUND', `${what} not found`, { class: 'config' })
}

function fits(object: Fields, { labelSelector = '', fieldSelector = '' }: Query): boolean {
  const pairs = (text: string) =>
    text
      .split(',')
      .filter(Boolean)
      .map((pair) => pair.split(/==?/))
  const field = (path = '') => path.split('.').reduce<unknown>((value, key) => (value as Fields | undefined)?.[key], object)
  return (
    pairs(String(labelSelector)).every(([key = '', value]) => object.metadata?.labels?.[key] === value) &&
    pairs(String(fieldSelector)).every(([path, value]) => field(path) === value)
  )
}

/** One for each run of objects of one namespace, also when there is none. */
function* parts(objects: Fields[]): Generator<RawList> {
  const groups = new Map<string | undefined, RawObject[]>([...objects].map(({ metadata }) => [metadata?.namespace, []]))
  for (const object of objects) groups.get(object.metadata?.namespace)?.push(raw(object))
  if (groups.size === 0) yield { items: [], resourceVersion: '1' }
  for (const [namespace, items] of groups)
    yield { items, resourceVersion: '1', ...(namespace === undefined ? {} : { namespace }) }
}

function raw(object: object): RawObject {
  const text = JSON.stringify(object)
  return { text, json: object as Record<string, unknown>, bytes: Buffer.from(text) }
}
