import { describe, expect, it } from 'vitest'
import { deployment, factsOf, type Files, item, owned, pod } from './bundle.ts'

const inNamespace = (namespace: string, kind: string, name: string, owner: [kind: string, name: string], restarts = 0) => {
  const child = owned(kind === 'Pod' ? pod(name, { restarts }) : item(kind, name), ...owner)
  return { ...child, metadata: { ...child.metadata, namespace } }
}
const clusterWide = (kind: string, name: string) => item(kind, name, {}, { namespace: undefined })
const restartsOf = (files: Files, folder: string, namespace: string, name: string) =>
  factsOf(files).lists.objects(folder, namespace).get(name)?.restarts

describe('pods are told by their owner', () => {
  it('in a namespace of their own, though lists of several lie in one file', () => {
    const files: Files = {
      'deployments/a.json': [deployment('web')],
      'deployments/b.json': [deployment('web')],
      'replicasets.json': [
        inNamespace('a', 'ReplicaSet', 'first', ['Deployment', 'web']),
        inNamespace('b', 'ReplicaSet', 'first', ['Deployment', 'web']),
      ],
      'pods.json': [
        inNamespace('a', 'Pod', 'x', ['ReplicaSet', 'first'], 1),
        inNamespace('b', 'Pod', 'y', ['ReplicaSet', 'first'], 2),
        inNamespace('a', 'Pod', 'z', ['ReplicaSet', 'first'], 4),
      ],
    }
    expect(restartsOf(files, 'deployments', 'a', 'Deployment/web')).toBe(5)
    expect(restartsOf(files, 'deployments', 'b', 'Deployment/web')).toBe(2)
  })

  it('with those of all files', () => {
    const files: Files = {
      'pods.json': [inNamespace('shop', 'Pod', 'x', ['Rollout', 'web'], 1)],
      'pods/shop.json': [inNamespace('shop', 'Pod', 'y', ['Rollout', 'web'], 2)],
    }
    expect(restartsOf(files, 'pods', 'shop', 'Rollout/web')).toBe(3)
  })

  it('that is an object of the whole cluster', () => {
    const files: Files = {
      'custom-resources/fleets.json': [clusterWide('Fleet', 'all'), clusterWide('Fleet', 'none')],
      'pods/shop.json': [inNamespace('shop', 'Pod', 'x', ['Fleet', 'all'], 7)],
    }
    expect(restartsOf(files, 'custom-resources/fleets', '', 'Fleet/all')).toBe(7)
    expect(restartsOf(files, 'custom-resources/fleets', '', 'Fleet/none')).toBeUndefined()
    expect(factsOf(files).lists.names('pods', 'shop')).toEqual([])
  })

  it('that is one of its namespace before one of the whole cluster', () => {
    const files: Files = {
      'custom-resources/fleets.json': [clusterWide('Fleet', 'all')],
      'custom-resources/fleets/shop.json': [item('Fleet', 'all')],
      'pods/shop.json': [inNamespace('shop', 'Pod', 'x', ['Fleet', 'all'], 7)],
    }
    expect(restartsOf(files, 'custom-resources/fleets', 'shop', 'Fleet/all')).toBe(7)
    expect(restartsOf(files, 'custom-resources/fleets', '', 'Fleet/all')).toBeUndefined()
  })

  it('that is not listed, beside pods of their own, and in a list that was not there', () => {
    const files: Files = {
      'pods/shop.json': [pod('db', { restarts: 1 }), inNamespace('shop', 'Pod', 'x', ['Rollout', 'web'], 2)],
      'pods.json': [inNamespace('other', 'Pod', 'x', ['Rollout', 'web'], 3)],
    }
    const { lists } = factsOf(files)
    expect(lists.names('pods', 'shop')).toEqual(['Pod/db', 'Rollout/web'])
    expect(lists.objects('pods', 'other').get('Rollout/web')).toMatchObject({ uid: '', spec: '', replicas: 1, restarts: 3 })
  })

  it('that is not listed either, together with its Jobs', () => {
    const job = item('Job', 'once', { status: { conditions: [{ type: 'Failed', status: 'True' }] } })
    const files: Files = {
      'jobs/shop.json': [owned(job, 'Workflow', 'web')],
      'pods/shop.json': [inNamespace('shop', 'Pod', 'x', ['Workflow', 'web'], 2)],
    }
    const told = factsOf(files).lists.objects('pods', 'shop').get('Workflow/web')
    expect(told).toMatchObject({ restarts: 2, state: 'last Job: Failed' })
  })

  it('with all their images, sorted', () => {
    const pods = ['b', 'a', 'b'].map((image) => owned(pod(image, { image }), 'Rollout', 'web'))
    const files: Files = { 'pods.json': pods, 'pods/shop.json': [owned(pod('c', { image: 'a' }), 'Rollout', 'web')] }
    expect(factsOf(files).lists.objects('pods', 'shop').get('Rollout/web')?.images).toEqual(['a', 'b'])
  })

  it('though some have no namespace', () => {
    const files: Files = {
      'custom-resources/fleets.json': [clusterWide('Fleet', 'a'), clusterWide('Fleet', 'b')],
      'pods.json': [owned(clusterWide('Pod', 'x'), 'Fleet', 'a'), inNamespace('shop', 'Pod', 'y', ['Fleet', 'b'], 2)],
    }
    expect(restartsOf(files, 'custom-resources/fleets', '', 'Fleet/a')).toBe(0)
    expect(restartsOf(files, 'custom-resources/fleets', '', 'Fleet/b')).toBe(2)
  })
})

describe('a CronJob is told by the newest of its Jobs', () => {
  const job = (hour: number, type: string) =>
    owned(
      item(
        'Job',
        `j${hour}`,
        { status: { conditions: [{ type, status: 'True' }] } },
        { creationTimestamp: `2026-01-01T0${hour}:00:00Z` },
      ),
      'CronJob',
      'hourly',
    )
  const [first, last] = [job(1, 'Complete'), job(2, 'Failed')]

  const ORDERS: readonly [where: string, jobs: Files][] = [
    ['first', { 'jobs/shop.json': [last, first] }],
    ['last', { 'jobs/shop.json': [first, last] }],
    ['in another file, before', { 'jobs.json': [last], 'jobs/shop.json': [first] }],
    ['in another file, after', { 'jobs.json': [first], 'jobs/shop.json': [last] }],
  ]
  it.each(ORDERS)('that is listed %s', (_, jobs) => {
    const files: Files = { 'cronjobs/shop.json': [item('CronJob', 'hourly')], ...jobs }
    expect(factsOf(files).lists.objects('cronjobs', 'shop').get('CronJob/hourly')?.state).toBe('last Job: Failed')
  })
})
