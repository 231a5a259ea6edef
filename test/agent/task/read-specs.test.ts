import { describe, expect, it } from 'vitest'
import { readSpecs } from '../../../agent/task/read-specs.ts'
import { toYaml } from '../../../core/yaml.ts'
import type { ClusterRequest } from '../../../core/task.ts'
import { FakeClock } from '../../support/clock.ts'
import { spec } from '../../support/task.ts'

const cluster: ClusterRequest = {
  connection: {
    server: 'https://a.example',
    context: '',
    user: '',
    namespace: '',
    isUnverified: false,
    credential: {},
    headers: {},
    mayCompress: false,
  },
  namespaces: ['*'],
}

type Answer = string | { status: number; location?: string }
function read(asked: Partial<Parameters<typeof readSpecs>[0]>, answers: Record<string, Answer> = {}) {
  const fetch = async (url: string) => {
    const answer = answers[url] ?? { status: 404 }
    if (typeof answer === 'string') return new Response(answer)
    return new Response('', { status: answer.status, headers: answer.location ? { location: answer.location } : {} })
  }
  return readSpecs({ specs: [], ...asked }, { clock: new FakeClock(), signal: new AbortController().signal, fetch })
}
const keys = async (...given: Parameters<typeof read>) => {
  const { collectors, hostCollectors } = (await read(...given)).spec
  return { cluster: collectors.map(({ key }) => key), host: hostCollectors.map(({ key }) => key) }
}
const ours = async (...given: Parameters<typeof read>) => (await keys(...given)).cluster

describe('a run without a spec', () => {
  it('looks at the machine when there is no cluster', async () => {
    const { cluster: inCluster, host } = await keys({})
    expect(inCluster).toEqual([])
    expect(host).toContain('memory')
  })

  it('looks at the cluster alone when there is one, with logs of the namespaces', async () => {
    expect(await keys({ cluster })).toEqual({ cluster: ['clusterResources', 'logs', 'clusterInfo'], host: [] })
  })
})

const data = { data: { name: 'a', data: 'b' } }

describe('a run with a spec', () => {
  it('has what every bundle of a cluster has, when there is one', async () => {
    const specs = [spec({ collectors: [data] })]
    expect(await ours({ specs, cluster })).toEqual(['clusterResources', 'data', 'clusterInfo'])
    expect(await ours({ specs })).toEqual(['data'])
  })

  it('has it not when it looks at the machine alone, or has an entry of its own', async () => {
    expect(await ours({ specs: [spec({ hostCollectors: [{ cpu: {} }] })], cluster })).toEqual([])
    const { spec: merged } = await read({ specs: [spec({ collectors: [{ clusterResources: { exclude: true } }] })], cluster })
    expect(merged.collectors.map(({ key, isExcluded }) => [key, isExcluded])).toEqual([
      ['clusterResources', true],
      ['clusterInfo', false],
    ])
  })

  it('gives the redactors of all documents, each once', async () => {
    const redactor = (name: string) => ({
      apiVersion: 'troubleshoot.sh/v1beta2',
      kind: 'Redactor',
      spec: { redactors: [{ name, removals: { values: ['x'] } }] },
    })
    const { redactors } = await read({ specs: [spec({ collectors: [data] }), redactor('a'), redactor('b'), redactor('a')] })
    expect(redactors.map(({ name }) => name)).toEqual(['a', 'b'])
  })
})

const text = (entries: Parameters<typeof spec>[0], uri?: string) => {
  const document = spec(entries)
  return toYaml({ ...document, spec: { ...document.spec, ...(uri ? { uri } : {}) } })
}
const LOGS = text({ collectors: [{ logs: {} }] })
const specUrls = ['https://specs.example/vendor']
const from = (url: string) => ({ sources: [{ url, name: url }], specUrls })

describe('a run with a profile', () => {
  it('has what the profile adds, in place of the defaults', async () => {
    expect(await keys({ auto: 'standard', cluster })).toEqual({
      cluster: ['clusterResources', 'clusterInfo', 'logs', 'images'],
      host: [],
    })
    expect((await keys({ auto: 'minimal' })).host).toContain('memory')
  })

  it('has all of its spec, then what the profile adds to it', async () => {
    const own = { logs: { name: 'own', selector: ['a=b'] } }
    const specs = [spec({ collectors: [data, own], analyzers: [{ jobStatus: { name: 'a', namespace: 'b' } }] })]
    const { spec: merged } = await read({ specs, auto: 'standard', cluster: { ...cluster, namespaces: ['shop'] } })
    expect(merged.collectors.map(({ key, source }) => [key, source.replace(/:.*/, '')])).toEqual([
      ['clusterResources', 'added by auto'],
      ['data', 'collect.specs'],
      ['logs', 'collect.specs'],
      ['logs', 'added by auto'],
      ['clusterInfo', 'added by auto'],
      ['images', 'added by auto'],
    ])
    expect(merged.analyzers[0]?.config).toMatchObject({ name: 'a' })
    expect(merged.analyzers.map(({ key }) => key)).toContain('clusterPodStatuses')
  })

  it('looks where the run looks', async () => {
    const specs = [spec({ collectors: [{ clusterResources: { namespaces: ['x'] } }] })]
    const { spec: merged } = await read({ specs, auto: 'minimal', cluster: { ...cluster, namespaces: ['shop'] } })
    expect(merged.collectors[0]?.config).toEqual({ namespaces: ['x', 'shop'] })
  })

  it('takes specs that hold nothing to collect: there is something', async () => {
    const specs = [{ apiVersion: 'troubleshoot.sh/v1beta2', kind: 'Redactor', spec: { redactors: [{ name: 'a' }] } }]
    const { spec: merged, redactors } = await read({ specs, auto: 'minimal', cluster })
    expect(merged.collectors).toHaveLength(2)
    expect(redactors).toHaveLength(1)
    const sources = [{ text: '# to come\n', name: 'ConfigMap vendor' }]
    expect(await ours({ sources, auto: 'minimal', cluster })).toEqual(['clusterResources', 'clusterInfo'])
    await expect(read({ sources, cluster })).rejects.toMatchObject({ code: 'SPEC_EMPTY' })
  })
})

describe('specs from elsewhere', () => {
  it('are texts and what lies at addresses, after those of the job', async () => {
    const url = 'https://specs.example/vendor/a.yaml'
    const sources = [{ text: text({ collectors: [{ exec: {} }] }), name: 'configMap vendor' }, ...from(url).sources]
    const asked = { specs: [spec({ collectors: [data] })], sources, specUrls }
    expect(await ours(asked, { [url]: LOGS })).toEqual(['data', 'exec', 'logs'])
  })

  it.each<[string, string, Record<string, Answer>, string, string]>([
    ['a host that is not allowed', 'https://other.example/vendor/a', {}, 'SPEC_URL_REFUSED', 'https://other.example/vendor/a'],
    ['a host that begins alike', 'https://specs.example.evil/vendor/a', {}, 'SPEC_URL_REFUSED', 'evil'],
    ['a path that begins alike', 'https://specs.example/vendors', {}, 'SPEC_URL_REFUSED', 'vendors'],
    ['a path that climbs out', 'https://specs.example/vendor/%2e%2e/a', {}, 'SPEC_URL_REFUSED', 'vendor'],
    ['a user in the address', 'https://u:pw@specs.example/vendor/a', {}, 'SPEC_URL_REFUSED', 'https://specs.example/vendor/a'],
    ['another scheme', 'file:///etc/passwd', {}, 'SPEC_URL_REFUSED', 'passwd'],
    [
      'nothing there',
      'https://specs.example/vendor/a?sig=1',
      {},
      'SPEC_SOURCE',
      '/vendor/a cannot be read: the server answered 404',
    ],
    [
      'a redirect to elsewhere',
      'https://specs.example/vendor/a',
      { 'https://specs.example/vendor/a': { status: 302, location: 'http://169.254.169.254/' } },
      'SPEC_URL_REFUSED',
      '169.254',
    ],
    [
      'redirects without an end',
      'https://specs.example/vendor/a',
      { 'https://specs.example/vendor/a': { status: 302, location: '/vendor/a' } },
      'SPEC_SOURCE',
      'redirects',
    ],
    [
      'a text that is too long',
      'https://specs.example/vendor',
      { 'https://specs.example/vendor': 'a'.repeat(1_100_000) },
      'SPEC_SOURCE',
      'longer',
    ],
    [
      'a text that is no spec',
      'https://specs.example/vendor',
      { 'https://specs.example/vendor': '<html>' },
      'SPEC_INVALID',
      'vendor',
    ],
    ['no text', 'https://specs.example/vendor', { 'https://specs.example/vendor': '' }, 'SPEC_EMPTY', 'vendor'],
  ])('fail the run: %s', async (_, url, answers, code, message) => {
    await expect(read(from(url), answers)).rejects.toMatchObject({ code, message: expect.stringContaining(message) as unknown })
    await expect(read(from(url), answers)).rejects.not.toMatchObject({ message: expect.stringMatching(/pw@|sig=1/) as unknown })
  })

  it('send nobody on to yet another place', async () => {
    const [first, second] = ['https://specs.example/vendor/a', 'https://specs.example/vendor/b']
    const answers = { [first]: text({ collectors: [data] }, second), [second]: LOGS }
    expect(await ours(from(first), answers)).toEqual(['data'])
  })

  it('follow redirects that are allowed', async () => {
    const answers = { 'https://specs.example/vendor/a': { status: 301, location: 'b' }, 'https://specs.example/vendor/b': LOGS }
    expect(await ours(from('https://specs.example/vendor/a'), answers)).toEqual(['logs'])
  })
})

describe('sources that were named to redact by', () => {
  const redactor = (name: string) =>
    toYaml({ apiVersion: 'troubleshoot.sh/v1beta2', kind: 'Redactor', spec: { redactors: [{ name }] } })
  const source = (body: string) => ({ text: body, name: 'redact.specs[0]', isRedactor: true })

  it('give redactors, and leave what is collected alone', async () => {
    const sources = [source(`${redactor('a')}---\n${LOGS}`)]
    const { spec: merged, redactors } = await read({ sources, cluster })
    expect(merged.collectors.map(({ key }) => key)).toEqual(['clusterResources', 'logs', 'clusterInfo'])
    expect(redactors).toEqual([{ name: 'a' }])
    expect(await ours({ sources, specs: [spec({ collectors: [data] })] })).toEqual(['data'])
  })

  it.each([LOGS, ''])('fail the run when they have none', async (body) => {
    await expect(read({ sources: [source(body)], cluster })).rejects.toMatchObject({ code: 'SPEC_INVALID' })
  })

  it('do not stand in for a spec that is empty', async () => {
    const sources = [source(redactor('a')), { text: '', name: 'collect.specs[0] (ConfigMap a)' }]
    await expect(read({ sources, cluster })).rejects.toMatchObject({ code: 'SPEC_EMPTY' })
  })
})

describe('spec.uri', () => {
  const uri = 'https://specs.example/vendor/new.yaml'
  const specs = [JSON.parse(JSON.stringify({ ...spec({}), spec: { collectors: [data], uri } })) as unknown]

  it('gives way to the newer spec, which sends nobody further', async () => {
    const answers = { [uri]: text({ collectors: [{ logs: {} }] }, 'https://specs.example/vendor/newest.yaml') }
    expect(await ours({ specs, specUrls }, answers)).toEqual(['logs'])
    expect((await read({ specs, specUrls }, answers)).warnings).toEqual([])
  })

  it.each<[string, string[], Record<string, Answer>, string]>([
    ['it may not be fetched', [], {}, 'its address is not allowed'],
    ['it is gone', specUrls, {}, 'the server answered 404'],
    ['it cannot be read', specUrls, { [uri]: 'a: [' }, 'new.yaml:1'],
    ['it is empty', specUrls, { [uri]: '' }, 'there is no troubleshoot document'],
  ])('leaves the spec that is here when %s, and says so', async (_, allowed, answers, why) => {
    const { spec: merged, warnings } = await read({ specs, specUrls: allowed }, answers)
    expect(merged.collectors.map(({ key }) => key)).toEqual(['data'])
    expect(warnings).toEqual([{ code: 'SPEC_URI', message: expect.stringContaining(why) as unknown }])
  })
})
