import { createHash } from 'node:crypto'
import { type Clock, deadline } from '../../../core/clock.ts'
import type { RawObject } from '../../../core/contract/index.ts'
import { asProblem, fail, type Problem, reasonOf } from '../../../core/errors.ts'
import type { KubeClient } from '../../../core/kube/client.ts'
import { listPages } from '../../../core/kube/list.ts'
import { createObject, deleteObject } from '../../../core/kube/objects.ts'
import { resourcePath } from '../../../core/kube/path.ts'
import { isStatus, KubeStatusError } from '../../../core/kube/status-error.ts'
import { ANNOTATION_EXPIRES, LABEL_JOB, LABEL_RUN, LABEL_RUN_UID } from '../../../core/names.ts'
import { isRecord } from '../../specs/document.ts'
import { orAbort } from '../abortable.ts'
import { asksForToken, isOfSecret, TOKEN_SECRET } from './pod-secrets.ts'

/** Kinds that collectors may create, all of them of the core group. */
export const OWNABLE: Readonly<Record<string, string>> = { Pod: 'pods', Secret: 'secrets', ConfigMap: 'configmaps' }

/** Whose objects they are, and what holds for them. */
export interface Owner {
  run: { id: string; uid: string; job: string; namespace: string }
  /** the run is a ConfigMap of this cluster: the server removes with it what is in its namespace */
  isObject: boolean
  expiresAt: Date
  /** for objects that name none */
  defaultNamespace: string
  mayUseTokens: boolean
  /** Secrets as `namespace/name` that no pod gets */
  withheld: readonly string[]
}

export interface OwnedEdge {
  clock: Clock
  random(): number
  client(): KubeClient
  /** told before anything is created */
  onCreate?(): void
}

/** What one entry created. */
export interface Owned {
  /** Throws what the server says, POD_REFUSED, SECRET_WITHHELD, NOT_SUPPORTED; and once it was released. */
  create(object: object): Promise<RawObject>
  /** True for a pod that this entry created. */
  hasPod(namespace: string, name: string): boolean
  /**
   * Removes all of it. Gives a problem for each that may still be there.
   *
   * @param client one that is not ended by the run's end: what was created is removed all the same
   */
  release(client: KubeClient): Promise<Problem[]>
}

interface Left {
  kind: string
  namespace: string
  name: string
  /** of all objects of its kind in its namespace */
  collection: string
  /** told by the answer to its creation */
  uid?: string | undefined
  /** there is none of it */
  isRefused?: boolean
  /** resolves once there is an answer, or will be none */
  answered: Promise<void>
}

/** For answers that are still awaited when all is removed. */
const ANSWER_MS = 5_000
/** The server may still be at work on a call whose answer was lost: how long to wait before each look for what came of it. */
const LOOKS_AFTER_MS = [0, 500, 1_500]

export function createOwned(owner: Owner, edge: OwnedEdge): Owned {
  const left: Left[] = []
  let isReleased = false
  return {
    async create(object) {
      if (isReleased) throw new Error('its entry has ended: nothing is created for it any more')
      const made = madeOwned(object, owner, edge)
      const { kind, namespace, name, plural } = made
      const collection = resourcePath({ version: 'v1', namespace, plural })
      edge.onCreate?.()
      const creation = createObject(edge.client(), collection, made.object)
      const one: Left = { kind, namespace, name, collection, answered: Promise.resolve() }
      one.answered = creation.then(
        ({ metadata }) => void (one.uid = metadata.uid),
        (error: unknown) => void (one.isRefused = isRefusal(error)),
      )
      // Noted before there is an answer: whether it came to be is not known when that is lost.
      left.push(one)
      return creation
    },
    hasPod: (namespace, name) => left.some((one) => one.kind === 'Pod' && one.namespace === namespace && one.name === name),
    async release(client) {
      isReleased = true
      const problems: Problem[] = []
      const removals = left.splice(0).map((one) =>
        remove(client, one, owner.run.uid, edge.clock).catch((error: unknown) => {
          const what = { kind: one.kind.toLowerCase(), namespace: one.namespace, name: one.name, reason: reasonOf(error) }
          problems.push(asProblem(fail('OBJECT_LEFT', what, error)))
        }),
      )
      await Promise.all(removals)
      return problems
    },
  }
}

/** Deletes it without waiting for what it does. Takes no right to get it: manifests declare `create`, `list` and `delete`. */
async function remove(client: KubeClient, one: Left, runUid: string, clock: Clock): Promise<void> {
  const limit = deadline(clock, ANSWER_MS, new Error('no answer came'))
  await orAbort(one.answered, limit.signal).catch(() => undefined)
  limit.stop()
  if (one.isRefused) return
  const uid = one.uid ?? (await lookFor(client, one, runUid, clock))
  if (uid === undefined) return
  try {
    await deleteObject(client, `${one.collection}/${one.name}`, { preconditions: { uid }, gracePeriodSeconds: 0 })
  } catch (error) {
    // its name is another's by now
    if (!isStatus(error, 409)) throw error
  }
}

/** A refusal is an answer. After any other error nobody knows. */
const isRefusal = (error: unknown) => error instanceof KubeStatusError && error.status < 500 && error.status !== 408

async function lookFor(client: KubeClient, one: Left, runUid: string, clock: Clock): Promise<string | undefined> {
  for (const afterMs of LOOKS_AFTER_MS) {
    if (afterMs > 0) await clock.sleep(afterMs)
    const uid = await uidOf(client, one, runUid)
    if (uid !== undefined) return uid
  }
  return undefined
}

async function uidOf(client: KubeClient, { collection: path, name }: Left, runUid: string): Promise<string | undefined> {
  const query = { fieldSelector: `metadata.name=${name}`, labelSelector: `${LABEL_RUN_UID}=${runUid}` }
  for await (const { items } of listPages(client, { path, query })) if (items[0]) return items[0].metadata.uid
  return undefined
}

/** Tells objects of a run, as the server writes them. */
export function isOf(runUid: string): (object: RawObject) => boolean {
  const mark = `"${LABEL_RUN_UID}":"${runUid}"`
  return ({ bytes, text }) =>
    bytes ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(mark) : text.includes(mark)
}

/** A name as a label has it: a longer one, or one with other characters, as its hash. */
function labelOf(id: string): string {
  const isFit = id.length <= 63 && /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(id)
  return isFit ? id : createHash('sha256').update(id).digest('hex').slice(0, 40)
}

interface GivenMetadata {
  name?: string
  generateName?: string
  namespace?: string
  labels?: unknown
  annotations?: unknown
}

function madeOwned(given: object, owner: Owner, edge: OwnedEdge) {
  const { kind = '', metadata: givenMetadata, ...rest } = given as { kind?: string; metadata?: unknown; [field: string]: unknown }
  const plural = OWNABLE[kind]
  if (plural === undefined)
    throw fail('NOT_SUPPORTED', { what: `creating a ${kind || 'nameless kind'} for a run`, remedy: 'use a Pod' })
  if (rest['type'] === TOKEN_SECRET && kind === 'Secret' && !owner.mayUseTokens)
    throw fail('POD_REFUSED', { what: 'the token of a ServiceAccount' })
  const metadata: GivenMetadata = record(givenMetadata)
  const base = metadata.generateName ?? `${metadata.name ?? 'collector'}-`
  const namespace = metadata.namespace ?? owner.defaultNamespace
  const name = `${base.slice(0, 57)}${suffix(edge.random)}`
  const { run } = owner
  const object = {
    apiVersion: 'v1',
    kind,
    ...rest,
    metadata: {
      ...metadata,
      name,
      namespace,
      generateName: undefined,
      // Whoever would have to take it away again may not be there.
      finalizers: undefined,
      labels: { ...record(metadata.labels), ...labelsOf(owner) },
      annotations: { ...record(metadata.annotations), [ANNOTATION_EXPIRES]: owner.expiresAt.toISOString() },
      ...(owner.isObject && run.namespace === namespace
        ? { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: run.id, uid: run.uid }] }
        : {}),
    },
  }
  return { kind, plural, namespace, name, object: kind === 'Pod' ? boundedPod(object, namespace, owner, edge.clock) : object }
}

const labelsOf = ({ run }: Owner) => ({
  [LABEL_RUN]: labelOf(run.id),
  [LABEL_RUN_UID]: run.uid,
  [LABEL_JOB]: labelOf(run.job),
})

/** A pod that ends by itself, though nobody may be there to end it, and that has no credentials but what its spec asks for. */
function boundedPod(pod: Record<string, unknown>, namespace: string, owner: Owner, clock: Clock): object {
  const spec = record(pod['spec'])
  const secret = owner.withheld.find(
    (one) => one.startsWith(`${namespace}/`) && isOfSecret(spec, one.slice(namespace.length + 1)),
  )
  if (secret !== undefined) throw fail('SECRET_WITHHELD', { what: `a pod with the Secret "${secret}"` })
  if (!owner.mayUseTokens && asksForToken(spec)) throw fail('POD_REFUSED', { what: 'the token of a ServiceAccount' })
  const leftMs = owner.expiresAt.getTime() - clock.now().getTime()
  const leftSeconds = Math.min(2 ** 31 - 1, Math.max(1, Math.ceil(leftMs / 1000)))
  const wanted = spec['activeDeadlineSeconds']
  return {
    ...pod,
    spec: {
      terminationGracePeriodSeconds: 1,
      ...spec,
      restartPolicy: spec['restartPolicy'] ?? 'Never',
      activeDeadlineSeconds: typeof wanted === 'number' ? Math.min(wanted, leftSeconds) : leftSeconds,
      ...(owner.mayUseTokens ? {} : { automountServiceAccountToken: false }),
    },
  }
}

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789'
const suffix = (random: () => number): string =>
  Array.from({ length: 6 }, () => LETTERS[Math.floor(random() * LETTERS.length)] ?? 'x').join('')

const record = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {})
