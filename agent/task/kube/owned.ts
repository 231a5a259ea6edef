import { createHash } from 'node:crypto'
import type { Clock } from '../../../core/clock.ts'
import type { RawObject } from '../../../core/contract/index.ts'
import { asProblem, fail, type Problem, reasonOf } from '../../../core/errors.ts'
import type { KubeClient } from '../../../core/kube/client.ts'
import { createObject, deleteObject, getObject } from '../../../core/kube/objects.ts'
import { resourcePath } from '../../../core/kube/path.ts'
import { ANNOTATION_EXPIRES, LABEL_JOB, LABEL_RUN, LABEL_RUN_UID } from '../../../core/names.ts'
import { isRecord } from '../../specs/document.ts'
import { asksForToken, isOfSecret } from './pod-secrets.ts'

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
}

/** What one entry created. */
export interface Owned {
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
  path: string
  namespace: string
  name: string
}

export function createOwned(owner: Owner, edge: OwnedEdge): Owned {
  const left: Left[] = []
  return {
    async create(object) {
      const made = madeOwned(object, owner, edge)
      const { kind, namespace, name, plural } = made
      const collection = { version: 'v1', namespace, plural }
      // Noted before: whether it came to be is not known when the answer is lost.
      left.push({ kind, namespace, name, path: resourcePath({ ...collection, name }) })
      return createObject(edge.client(), resourcePath(collection), made.object)
    },
    hasPod: (namespace, name) => left.some((one) => one.kind === 'Pod' && one.namespace === namespace && one.name === name),
    async release(client) {
      const problems: Problem[] = []
      const removals = left.splice(0).map((one) =>
        remove(client, one.path, owner.run.uid).catch((error: unknown) => {
          const what = { kind: one.kind.toLowerCase(), namespace: one.namespace, name: one.name, reason: reasonOf(error) }
          problems.push(asProblem(fail('OBJECT_LEFT', what, error)))
        }),
      )
      await Promise.all(removals)
      return problems
    },
  }
}

/** Deletes it without waiting for what it does, if it is of this run: its name may be another's by now. */
async function remove(client: KubeClient, path: string, runUid: string): Promise<void> {
  const found = await getObject(client, path)
  if (found?.metadata.labels?.[LABEL_RUN_UID] !== runUid) return
  await deleteObject(client, path, { preconditions: { uid: found.metadata.uid }, gracePeriodSeconds: 0 })
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
