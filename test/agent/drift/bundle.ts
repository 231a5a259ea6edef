import { collectFacts, type RunFacts } from '../../../agent/drift/collect-facts.ts'
import { compareFacts } from '../../../agent/drift/compare.ts'
import type { Facts } from '../../../agent/drift/facts.ts'
import { linesOf } from '../../../agent/drift/report.ts'

/** An object as a server gives it. */
export interface Item {
  apiVersion?: string
  kind: string
  metadata: { name: string; namespace?: string; [member: string]: unknown }
  [member: string]: unknown
}
/** Files of a bundle by path: objects of a list, or any text. */
export type Files = Record<string, Item[] | string>

/** How collectors write lists: indented by two; `compact` and `tabs` are other ways to write the same. */
export type Form = 'indented' | 'compact' | 'tabs'
const SPACES = { indented: 2, compact: undefined, tabs: '\t' } as const

export function listText(path: string, items: readonly Item[], form: Form = 'indented'): string {
  // Bare arrays are what custom resources and named namespaces come in.
  const document = path.includes('custom-resources/')
    ? items
    : { kind: `${items[0]?.kind ?? ''}List`, apiVersion: 'v1', metadata: { resourceVersion: '7' }, items }
  return JSON.stringify(document, undefined, SPACES[form])
}

export const RUN: RunFacts = {
  run: 'nightly.1',
  at: new Date('2026-01-01T00:00:00Z'),
  masking: 'a',
  verdicts: undefined,
  isCustomWhole: true,
}

/** The facts of a bundle with these files. */
export function factsOf(files: Files, run: Partial<RunFacts> = {}, form: Form = 'indented'): Facts {
  const tap = collectFacts()
  for (const [name, content] of Object.entries(files)) {
    const path = `cluster-resources/${name}`
    const text = typeof content === 'string' ? content : listText(path, content, form)
    if (tap.wants(path)) tap.file(path, Buffer.from(text))
  }
  return tap.finish({ ...RUN, ...run })
}

/** What changed, in lines. */
export const linesBetween = (before: Facts, now: Facts): string[] => [...linesOf(compareFacts(before, now))]

export const changes = (before: Files, now: Files): string[] => linesBetween(factsOf(before), factsOf(now))

let count = 0
/** A uid like no other one. */
export const newUid = () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`

export function item(kind: string, name: string, members: Record<string, unknown> = {}, metadata: object = {}): Item {
  const [plain = kind, ...group] = kind.split('.')
  const apiVersion = group.length > 0 ? `${group.join('.')}/v1` : 'v1'
  return {
    apiVersion,
    kind: plain,
    metadata: { name, namespace: 'shop', uid: `uid-of-${kind}-${name}`, resourceVersion: '1', ...metadata },
    ...members,
  }
}

const controlledBy = (kind: string, name: string) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: `uid-of-${kind}-${name}`, controller: true }],
})
export const owned = (object: Item, kind: string, name: string): Item => ({
  ...object,
  metadata: { ...object.metadata, ...controlledBy(kind, name) },
})

/** With what looks like an image and is none. */
const podSpec = (image: string) => ({
  containers: [{ name: 'web', image, args: ['--say="image": "no"'] }],
  volumes: [{ name: 'files', image: { reference: 'files:1' } }],
})

export function pod(name: string, { restarts = 0, isReady = true, image = 'web:1', phase = 'Running' } = {}): Item {
  return item('Pod', name, {
    spec: podSpec(image),
    status: {
      phase,
      conditions: [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: '2026-01-01T00:00:00Z' },
      ],
      containerStatuses: [{ name: 'web', image: `docker.io/${image}`, restartCount: restarts, ready: isReady }],
    },
  })
}

export function deployment(
  name: string,
  { replicas = 2, ready, image = 'web:1' }: { replicas?: number; ready?: number; image?: string } = {},
): Item {
  const readyReplicas = ready ?? replicas
  return item('Deployment', name, {
    spec: { replicas, template: { spec: podSpec(image) } },
    status: { observedGeneration: 4, replicas, ...(readyReplicas > 0 ? { readyReplicas } : {}) },
  })
}
