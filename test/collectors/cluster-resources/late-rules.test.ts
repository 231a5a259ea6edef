import { describe, expect, it } from 'vitest'
import clusterResources from '../../../collectors/cluster-resources/index.ts'
import { ClusterResourcesConfig } from '../../../collectors/cluster-resources/schema.ts'
import { collectorContext, fakeKube, gather } from '../../../core/testkit/index.ts'
import { settle } from '../../support/clock.ts'
import { discovery, payments } from '../clusters.ts'

const NONE = { resourceRules: [], nonResourceRules: [], incomplete: false }
const pod = (namespace: string) => ({ metadata: { name: 'p', namespace }, spec: {}, status: { phase: 'Running' } })
const named = (name: string) => ({ metadata: { name } })

/** Namespaces `open`, `closed` with a pod each, and `empty`, which is closed; the server says so long after it listed them. */
async function collected(entry: object) {
  const names = ['open', 'closed', 'empty']
  const kube = fakeKube({
    ...payments,
    answers: { ...payments.answers, ...discovery() },
    objects: { ...payments.objects, '/api/v1/namespaces': names.map(named), '/api/v1/pods': [pod('open'), pod('closed')] },
    rules: { closed: NONE, empty: NONE },
  })
  const review: typeof kube.review = async (...asked) => {
    await settle(20)
    return kube.review(...asked)
  }
  const config = ClusterResourcesConfig.parse(entry)
  const context = collectorContext({ config, kube: { ...kube, review }, namespaces: ['*'] })
  const { files } = await gather(clusterResources.collect(context))
  const paths = files.map(({ path }) => path)
  return { paths, pods: paths.filter((path) => path.startsWith('cluster-resources/pods/')) }
}

describe('rules that come late', () => {
  it('still count for all that was listed by then', async () => {
    const { paths, pods } = await collected({})
    expect(pods).toEqual(['cluster-resources/pods/open.json'])
    expect(paths.filter((path) => /\/(closed|empty)\.json$/.test(path))).toEqual([
      'cluster-resources/auth-cani-list/closed.json',
      'cluster-resources/auth-cani-list/empty.json',
    ])
  })

  it('close nothing where they are not asked for', async () => {
    const { pods } = await collected({ ignoreRBAC: true })
    expect(pods).toEqual(['open', 'closed', 'empty'].map((name) => `cluster-resources/pods/${name}.json`))
  })
})
