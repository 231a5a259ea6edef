import type {
  CollectorManifest,
  Kube,
  ListTarget,
  LogLimits,
  LogSource,
  Query,
  RawList,
  RawObject,
} from '../../../core/contract/index.ts'
import { asProblem, type Problem, ProductError, reasonOf } from '../../../core/errors.ts'
import { execInPod } from '../../../core/kube/exec.ts'
import { podLog } from '../../../core/kube/logs.ts'
import { getObject } from '../../../core/kube/objects.ts'
import { resourcePath } from '../../../core/kube/path.ts'
import { RawItem } from '../../../core/kube/raw-item.ts'
import { bodyChunks } from '../../bundle/body.ts'
import type { GatedClient } from './gated-client.ts'
import { listTarget, type ListWorld } from './lists.ts'
import type { LogBook } from './log-book.ts'
import { OWNABLE, type Owned } from './owned.ts'
import { checkAccess, checkPath } from './rights.ts'
import type { SilentNodes } from './silent-nodes.ts'

export interface PortWorld extends ListWorld {
  manifest: CollectorManifest
  logs: LogBook
  nodes: SilentNodes
  owned: Owned
  /** whether it is an object that this run created */
  isOwn(object: RawObject): boolean
  /** told of what is missing without an error: a log that broke off */
  onLoss(problem: Problem): void
}

/** The cluster as one entry's collector sees it: what its manifest declares, and no more. */
export function createPort(world: PortWorld): Kube {
  const { permissions, specKey } = world.manifest
  const check = (verb: string, resource: string, group = '') => checkAccess(permissions, specKey, { group, resource, verb })
  const client = () => world.client()

  const port: Kube = {
    list(target, query = {}) {
      check('list', target.plural, target.group)
      return isOfPods(target, query) ? withoutOwn(listTarget(world, target, query), world) : listTarget(world, target, query)
    },
    async get(path, query = {}) {
      checkPath(permissions, specKey, path)
      return getObject(client(), path, { query })
    },
    async *raw(path, query = {}) {
      checkPath(permissions, specKey, path)
      const { body } = await client().request({ path, query, headers: { accept: '*/*' } })
      yield* body
    },
    async *pods({ namespace, selector, name }) {
      check(name === undefined ? 'list' : 'get', 'pods')
      if (name !== undefined && namespace !== undefined) {
        const pod = await getObject(client(), resourcePath({ version: 'v1', plural: 'pods', namespace, name }))
        return yield* pod ? [pod] : []
      }
      const query: Query = {
        ...(selector?.length ? { labelSelector: selector.join(',') } : {}),
        ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
      }
      const failures: Error[] = []
      const target = { version: 'v1', plural: 'pods', ...(namespace === undefined ? {} : { namespace }) }
      for await (const { items, failure } of withoutOwn(listTarget(world, target, query), world)) {
        if (failure) failures.push(failure)
        yield* items
      }
      if (failures[0]) throw severalFailures(failures[0], failures.length)
    },
    logs(source, limits) {
      check('get', 'pods/log')
      const open = (wide: LogLimits) => world.nodes.read(source, () => openLog(client(), source, wide, world.onLoss))
      // Another entry may have had this log when the pod had only begun: that is not what came of it.
      if (world.owned.hasPod(source.namespace, source.name)) return () => open(limits)
      return world.logs.body(source, limits, open)
    },
    async review(kind, spec) {
      const what = kind === 'access' ? 'SelfSubjectAccessReview' : 'SelfSubjectRulesReview'
      const path = `/apis/authorization.k8s.io/v1/${what.toLowerCase()}s`
      const body = { apiVersion: 'authorization.k8s.io/v1', kind: what, spec }
      // It changes nothing, so it may be sent twice.
      return new RawItem(await client().bytes({ method: 'POST', path, body, isIdempotent: true }))
    },
    async exec({ namespace, name, container }, command, { stdin, signal } = {}) {
      for (const verb of ['get', 'create']) check(verb, 'pods/exec')
      const until = signal ? AbortSignal.any([world.signal, signal]) : world.signal
      const input = stdin === undefined ? {} : { stdin: bodyChunks(stdin) }
      const running = await execInPod(client(), { namespace, pod: name, container, command, ...input }, until)
      return { stdout: () => running.stdout, stderr: () => running.stderr, exitCode: running.exitCode }
    },
    own(object) {
      const { kind = '' } = object as { kind?: string }
      for (const verb of ['create', 'delete', 'list']) check(verb, OWNABLE[kind] ?? kind.toLowerCase())
      return world.owned.create(object)
    },
  }
  return port
}

/** Pods that a run makes for a while are not what there is in a cluster. Who asks for one by its name waits for it. */
const isOfPods = ({ group, plural }: ListTarget, query: Query): boolean =>
  plural === 'pods' && !group && query['fieldSelector'] === undefined

async function* withoutOwn(parts: AsyncIterable<RawList>, { isOwn }: Pick<PortWorld, 'isOwn'>): AsyncGenerator<RawList> {
  for await (const part of parts)
    yield part.items.some(isOwn) ? { ...part, items: part.items.filter((item) => !isOwn(item)) } : part
}

/** A log that breaks off is worth what came of it. */
async function* openLog(
  client: GatedClient,
  { namespace, name, container, previous = false }: LogSource,
  { maxLines: tailLines, maxBytes: limitBytes, ...limits }: LogLimits,
  onLoss: (problem: Problem) => void,
): AsyncGenerator<Uint8Array> {
  let isBegun = false
  try {
    const options = { namespace, pod: name, container, previous, ...limits }
    const some = { ...(tailLines === undefined ? {} : { tailLines }), ...(limitBytes === undefined ? {} : { limitBytes }) }
    for await (const piece of podLog(client, { ...options, ...some })) {
      isBegun = true
      yield piece
    }
  } catch (error) {
    if (!isBegun || !(error instanceof ProductError)) throw error
    onLoss({ ...asProblem(error), message: `the log of ${namespace}/${name}/${container} breaks off: ${reasonOf(error)}` })
  }
}

function severalFailures(first: Error, count: number): Error {
  if (count === 1) return first
  return Object.assign(new Error(`${first.message} (and ${count - 1} more namespaces)`, { cause: first }), {
    code: 'code' in first ? first.code : 'LIST_INCOMPLETE',
    class: 'class' in first ? first.class : 'bug',
  })
}
