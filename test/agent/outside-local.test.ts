import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { localOutside } from '../../agent/outside-local.ts'
import { systemClock } from '../../core/clock.ts'
import { readJob } from '../../core/job.ts'
import { KubeClient } from '../../core/kube/client.ts'
import { nodeKubeWorld } from '../../core/kube/node-world.ts'
import { API_VERSION } from '../../core/names.ts'
import { useCluster } from '../cluster/use-cluster.ts'
import { makeFolder } from '../support/cli.ts'

const cluster = await useCluster()

async function outsideOf(kubeconfig: string | undefined) {
  const env = { PATH: process.env['PATH'], ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }) }
  const world = nodeKubeWorld({ env, homeFolder: await makeFolder(), clock: systemClock, interactive: false })
  return localOutside(
    world,
    (connection) => new KubeClient(connection, { clock: systemClock, random: () => 0, userAgent: 'test/0' }),
  )
}

const KUBECONFIG = `apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: a, user: a}}]
clusters: [{name: a, cluster: {server: 'https://a.example'}}]
users: [{name: a, user: {token: t}}]
`

describe('the cluster of a job on one computer', () => {
  it.each<[string, object, boolean]>([
    ['no specs', {}, false],
    ['no profile', { auto: false }, false],
    ['a profile', { auto: 'minimal' }, true],
    ['a spec', { specs: [{ inline: {} }] }, true],
  ])('is asked for by one with %s: %o %s', async (_, collect, isAsked) => {
    const kubeconfig = join(await makeFolder(), 'config')
    await writeFile(kubeconfig, KUBECONFIG)
    const { spec } = readJob({ apiVersion: API_VERSION, schedule: '@daily', collect })
    if (!spec) throw new Error('the job is not valid')
    const found = await (await outsideOf(kubeconfig)).cluster(spec)
    expect(found?.request.connection.server).toBe(isAsked ? 'https://a.example' : undefined)
  })
})

describe('specs of a job on one computer', () => {
  it('may be at any https address, and nowhere that is read on the way', async () => {
    expect((await outsideOf(undefined)).specUrls()).toEqual(['https://'])
  })

  it('need a kubeconfig to be in an object', async () => {
    const read = (await outsideOf(undefined)).specSource({ kind: 'ConfigMap', name: 'a', key: 'b' })
    await expect(read).rejects.toMatchObject({
      code: 'KUBECONFIG_MISSING',
      message: expect.stringContaining('a spec in a ConfigMap'),
    })
  })

  it.skipIf(cluster.skipped)('are read from the namespace of the context', async () => {
    const path = '/api/v1/namespaces/default/configmaps'
    await cluster.admin.json({ method: 'POST', path, body: { metadata: { name: 'local-spec' }, data: { a: 'spec' } } })
    const outside = await outsideOf(cluster.info.kubeconfig)
    expect(await outside.specSource({ kind: 'ConfigMap', name: 'local-spec', key: 'a' })).toBe('spec')
  })
})
