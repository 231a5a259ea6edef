import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createObject } from '../../core/kube/objects.ts'
import { type CollectOptions, collectFrom, removeCollected } from './collect-from.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { defineKind } from './rich-namespace.ts'
import { newFolder } from './sweep.ts'
import { type TestCluster, testCluster, useCluster } from './use-cluster.ts'

/** Custom kinds whose objects are converted by a webhook that is away: the server fails at every version but the stored one. */

const shared = await useCluster()
const FOLDER = 'cluster-resources/custom-resources'
const GROUP = 'converted.example.com'
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

describe.skipIf(shared.skipped)('a kind whose conversion fails', () => {
  let server: ControlPlane
  let cluster: TestCluster
  let namespace: string
  beforeAll(async () => {
    server = await startControlPlane({ folder: newFolder() })
    cluster = testCluster(server)
    namespace = await cluster.newNamespace()
    await Promise.all([
      define('gears', 'Gear', 'Namespaced', true),
      define('hubs', 'Hub', 'Cluster', true),
      define('relics', 'Relic', 'Namespaced', false),
      define('wheels', 'Wheel', 'Namespaced', undefined),
    ])
  }, 120_000)
  afterAll(async () => {
    await server?.stop()
    await removeCollected()
  })

  /** One object of a kind that has v1 and v2. The webhook comes, and fails, once it is there; undefined: it never comes. */
  async function define(plural: string, kind: string, scope: 'Namespaced' | 'Cluster', isStoredServed: boolean | undefined) {
    const { admin } = cluster
    const versions = ['v1', 'v2'].map((name) => ({ name, served: true }))
    await defineKind(admin, { group: GROUP, plural, kind, scope, versions })
    const path = `/apis/${GROUP}/v1/${scope === 'Cluster' ? '' : `namespaces/${namespace}/`}${plural}`
    await createObject(admin, path, { apiVersion: `${GROUP}/v1`, kind, metadata: { name: 'one' } })
    if (isStoredServed === undefined) return
    const service = { namespace: 'default', name: 'nobody', path: '/convert' }
    const conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: { service } } }
    const patch = [
      { op: 'add', path: '/spec/conversion', value: conversion },
      { op: 'replace', path: '/spec/versions/0/served', value: isStoredServed },
    ]
    const contentType = 'application/json-patch+json'
    await admin.json({ method: 'PATCH', path: `${DEFINITIONS}/${plural}.${GROUP}`, body: patch, contentType })
    const fails = () =>
      admin.json({ path: `/apis/${GROUP}/v2/${plural}` }).then(
        () => false,
        () => true,
      )
    while (!(await fails())) await admin.clock.sleep(50)
  }
  const collect = (options: CollectOptions = {}, config: object = {}) =>
    collectFrom(cluster, [{ clusterResources: config }], options)

  it.each([
    ['of the whole cluster at once', []],
    ['of named namespaces, an empty one first', ['default', '%']],
  ])('is there as it is stored, when that version is served: %s', async (_, names) => {
    const namespaces = names.map((name) => name.replace('%', namespace))
    const bundle = await collect({}, { namespaces })
    for (const path of [`gears.${GROUP}/${namespace}`, `hubs.${GROUP}`])
      expect(await bundle.json(`${FOLDER}/${path}.json`)).toMatchObject([
        { apiVersion: `${GROUP}/v1`, metadata: { name: 'one' } },
      ])
    expect(await bundle.json(`${FOLDER}/wheels.${GROUP}/${namespace}.json`)).toMatchObject([{ apiVersion: `${GROUP}/v2` }])
    const { warnings } = await bundle.report('clusterResources')
    const told = warnings.filter(({ code }) => code === 'CUSTOM_KIND_VERSION').map(({ message }) => message)
    expect(told).toHaveLength(2)
    expect(told.join('\n')).toContain(`hubs.${GROUP} is listed as ${GROUP}/v1, as which it is stored`)
    expect(told.join('\n')).toContain('conversion webhook')
  })

  it('costs itself, and says why, when that version is not served', async () => {
    const bundle = await collect()
    const errors = (await bundle.json(`${FOLDER}/custom-resources-errors.json`)) as Record<string, string>
    expect(Object.keys(errors)).toEqual([`relics.${GROUP}`])
    expect(errors[`relics.${GROUP}`]).toContain('conversion webhook')
    expect(bundle.paths.filter((path) => path.startsWith(`${FOLDER}/relics`))).toEqual([])
    expect(bundle.result.archive.isPartial).toBe(true)
    expect(bundle.paths).toContain('cluster-resources/configmaps/default.json')
  })
})
