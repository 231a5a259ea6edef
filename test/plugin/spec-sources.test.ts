import { beforeAll, describe, expect, it } from 'vitest'
import type { SourceContext } from '../../plugin/spec-sources.ts'
import { discoverSpecs } from '../../plugin/cluster-specs.ts'
import { jobSources, readSource } from '../../plugin/spec-sources.ts'
import { useCluster } from '../cluster/use-cluster.ts'
import { makeCli } from '../support/cli.ts'

const SPEC = 'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec: {collectors: [{logs: {}}]}\n'
const cluster = await useCluster()

describe.skipIf(cluster.skipped)('specs in a cluster', () => {
  let namespace = ''
  beforeAll(async () => {
    namespace = await cluster.newNamespace()
    const make = (plural: string, body: object) =>
      cluster.admin.json({ method: 'POST', path: `/api/v1/namespaces/${namespace}/${plural}`, body })
    const labels = { 'troubleshoot.sh/kind': 'support-bundle' }
    await make('configmaps', { metadata: { name: 'vendor', labels }, data: { 'support-bundle-spec': SPEC, notes: 'hello' } })
    await make('configmaps', { metadata: { name: 'plain', labels: { app: 'shop' } }, data: { one: 'a', two: 'b' } })
    const spec = SPEC.replace('logs: {}', 'data: {name: found.txt, data: x}')
    await make('configmaps', { metadata: { name: 'found', labels: { app: 'found' } }, data: { 'support-bundle-spec': spec } })
    await make('secrets', {
      metadata: { name: 'old', labels: { 'troubleshoot.io/kind': 'support-bundle' } },
      stringData: { 'support-bundle-spec': 'x', 'redactor-spec': 'y' },
    })
  })

  /** As a user, with what is said on stderr. */
  async function context(user: 'admin' | 'alice' = 'admin', flag?: string) {
    const said: string[] = []
    const cli = await makeCli({
      cluster: async () => ({ client: cluster.client(user), namespace }),
      err: (text) => void said.push(text),
    })
    const args = flag === undefined ? {} : { namespace: flag }
    const made: SourceContext = { edge: cli.edge, args, list: () => [] }
    return { made, cli, said }
  }

  it('are read of the key that is named, else of those that specs travel under, else of all', async () => {
    const { made } = await context()
    const read = (word: string) => readSource(made, word)
    expect(await read(`configmap/${namespace}/vendor`)).toEqual([
      { text: SPEC, name: `configmap/${namespace}/vendor/support-bundle-spec` },
    ])
    expect(await read(`configmap/${namespace}/vendor/notes`)).toEqual([
      { text: 'hello', name: `configmap/${namespace}/vendor/notes` },
    ])
    expect((await read(`configmap/${namespace}/plain`)).map((one) => 'text' in one && one.text)).toEqual(['a', 'b'])
    expect((await read(`secret/${namespace}/old`)).map((one) => 'text' in one && one.text).toSorted()).toEqual(['x', 'y'])
    expect(await read('https://a.example/b')).toEqual([{ url: 'https://a.example/b', name: 'https://a.example/b' }])
  })

  it.each([
    ['configmap/NS/none', 'there is no such object'],
    ['configmap/NS/vendor/none', 'there is no such key'],
  ])('that are not there are an error: %s', async (word, reason) => {
    const { made } = await context()
    const read = readSource(made, word.replace('NS', namespace))
    await expect(read).rejects.toMatchObject({ code: 'SPEC_SOURCE', message: expect.stringContaining(reason) as unknown })
  })

  it('are checked by the CLI, and a file that begins alike is a file', async () => {
    const { cli } = await context()
    const { out, code } = await cli.run('validate', `configmap/${namespace}/vendor`)
    expect([code, out.split('\n')[0]]).toEqual([0, `configmap/${namespace}/vendor: a valid spec that collects`])
    expect((await cli.run('validate', './secret/a/b')).code).toBe(3)
  })

  it('are found by label, of both spellings, in one namespace or in all', async () => {
    const names = async (flag?: string, selector?: string) => {
      const { made } = await context('admin', flag)
      return (await discoverSpecs(made, selector))
        .map(({ name }) => name)
        .filter((name) => name.includes(namespace))
        .toSorted()
    }
    const both = [
      `configmap/${namespace}/vendor/support-bundle-spec`,
      `secret/${namespace}/old/redactor-spec`,
      `secret/${namespace}/old/support-bundle-spec`,
    ]
    expect(await names()).toEqual(both)
    expect(await names(namespace)).toEqual(both)
    expect(await names(namespace, 'app=shop')).toEqual([`configmap/${namespace}/plain/one`, `configmap/${namespace}/plain/two`])
    await expect(names(namespace, 'app=other')).rejects.toMatchObject({ code: 'SPEC_SOURCE' })
  })

  it('are collected by with --load-cluster-specs', async () => {
    const { cli, said } = await context()
    const { code, out } = await cli.run('collect', '--load-cluster-specs', '-l', 'app=found', '-n', namespace, '-o', 'json')
    expect(code, said.join('')).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ collectors: { ran: 1, failed: 0 } })
    expect((await cli.run('collect', '--load-cluster-specs', '-l', 'app=none')).code).toBe(1)
    expect((await cli.run('collect', '-l', 'app=found')).code).toBe(2)
  })

  it('of a job are read as its runs read them; one that cannot be is a warning', async () => {
    const { made, said } = await context()
    const inline = { kind: 'SupportBundle' }
    const specs = [
      { inline },
      { configMap: { name: 'vendor', key: 'notes' } },
      { secret: { name: 'old', key: 'redactor-spec' } },
      { url: 'https://a.example/b' },
      { configMap: { name: 'none', key: 'a' } },
    ]
    expect(await jobSources(made, namespace, specs)).toEqual([
      { value: inline, name: 'collect.specs[0]' },
      { text: 'hello', name: 'collect.specs[1] (ConfigMap vendor)' },
      { text: 'y', name: 'collect.specs[2] (Secret old)' },
      { url: 'https://a.example/b', name: 'collect.specs[3] (https://a.example/b)' },
    ])
    expect(said.join('')).toMatch(/^warning: collect.specs\[4\] \(ConfigMap none\): .*there is no such object\n$/)
  })

  it('that may not be listed are left out with a warning', async () => {
    await cluster.allow('alice', ['list'], ['configmaps'], { namespace })
    const { made, said } = await context('alice')
    expect((await discoverSpecs(made, undefined)).map(({ name }) => name)).toEqual([
      `configmap/${namespace}/vendor/support-bundle-spec`,
    ])
    expect(said.join('')).toMatch(/warning: specs in secrets of .* are left out/)
  })
})
