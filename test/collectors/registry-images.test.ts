import { afterAll, describe, expect, it } from 'vitest'
import { createHttp } from '../../agent/task/outbound/http.ts'
import hostRegistryImages from '../../collectors/host-registry-images/index.ts'
import registryImages from '../../collectors/registry-images/index.ts'
import { type HttpRequest } from '../../core/contract/index.ts'
import { loginIn, parseImage } from '../../core/contract/web/image-reference.ts'
import {
  collectorContext,
  type FakeAnswer,
  fakeHttp,
  fakeKube,
  gather,
  type Gathered,
  hostContext,
  noAnswer,
} from '../../core/testkit/index.ts'
import { systemClock } from '../../core/clock.ts'
import { condition } from '../agent/analysis/run-analyzer.ts'
import { codes, issues, texts } from './collect.ts'
import { startRegistry } from './registry/real-registry.ts'

const DIGEST = `sha256:${'a1'.repeat(32)}`
type Answerer = (request: HttpRequest) => FakeAnswer | Error
const not = (code: string, status = 404): FakeAnswer => ({ status, body: { errors: [{ code, message: 'said so' }] } })
const basic = (login: string) => `Basic ${btoa(login)}`

/** A mock of a registry that knows `org/app:1`. With a login it wants a token, from another host. */
function registry(login?: string): { asked: string[]; answer: Answerer } {
  const asked: string[] = []
  const answer: Answerer = ({ method = 'GET', url, headers = {} }) => {
    asked.push(`${method} ${url}`)
    if (url.startsWith('https://auth.'))
      return headers['authorization'] === basic(login ?? '') ? { body: { token: 't0k3n' } } : not('UNAUTHORIZED', 401)
    if (login !== undefined && headers['authorization'] !== 'Bearer t0k3n')
      return { status: 401, headers: { 'www-authenticate': 'Bearer realm="https://auth.example/token?a=b",service="reg & co"' } }
    const [, repository, reference] = /\/v2\/(.*)\/manifests\/(.*)$/.exec(url) ?? []
    if (repository !== 'org/app') return not('NAME_UNKNOWN')
    return reference === '1' || reference === DIGEST ? {} : not('MANIFEST_UNKNOWN')
  }
  return { asked, answer }
}

async function run(entry: object, answer: Answerer, plugin: typeof registryImages | typeof hostRegistryImages = registryImages) {
  const { value, issues: found } = (await plugin.configSchema['~standard'].validate(entry)) as { value: never; issues?: unknown }
  expect(found).toBeUndefined()
  const slept: number[] = []
  const clock = { now: () => new Date('2026-01-01'), sleep: async (ms: number) => void slept.push(ms) }
  const ask = fakeHttp({
    'https://reg.example': answer,
    'https://auth.example': answer,
    'https://index.docker.io': answer,
    'http://localhost:5000': answer,
  })
  const kube = fakeKube({
    objects: {
      '/api/v1/secrets': [{ metadata: { name: 'pull', namespace: 'payments' }, data: { '.dockerconfigjson': btoa(CONFIG) } }],
    },
  })
  const options = { config: value, http: ask, clock }
  const gathered = await gather(plugin.collect({ ...hostContext(options), ...collectorContext({ ...options, kube }) }))
  return Object.assign(gathered, { slept })
}
const CONFIG = JSON.stringify({ auths: { 'reg.example': { auth: btoa('u:p:w') } } })
const images = (gathered: Gathered, path = 'registry/images.json') =>
  (JSON.parse(texts(gathered)[path] ?? '') as { images: Record<string, { exists: boolean; error?: string }> }).images

describe('the name of an image', () => {
  it.each([
    ['busybox', 'index.docker.io', 'library/busybox', 'latest'],
    ['docker.io/busybox:1', 'index.docker.io', 'library/busybox', '1'],
    ['org/app', 'index.docker.io', 'org/app', 'latest'],
    ['quay.io/org/app:v1.2', 'quay.io', 'org/app', 'v1.2'],
    ['localhost/app', 'localhost', 'app', 'latest'],
    ['localhost:5000/a/b__c', 'localhost:5000', 'a/b__c', 'latest'],
    ['[::1]:5000/app:2', '[::1]:5000', 'app', '2'],
    [`reg.example/app:1@${DIGEST}`, 'reg.example', 'app', DIGEST],
    [`app@${DIGEST}`, 'index.docker.io', 'library/app', DIGEST],
  ])('%s', (name, host, repository, reference) => {
    expect(parseImage(name)).toEqual({ registry: host, repository, reference })
  })

  it.each([
    '',
    'App',
    'a b',
    'app:',
    'app@sha256:1',
    'reg.example/',
    'u:pw@reg.example/app',
    'https://reg.example/app',
    'reg.example/a?b/c',
    'reg.example/../app',
    'a/b:1/c',
  ])('is not: %s', (name) => {
    expect(() => parseImage(name)).toThrow(/is no name of an image/)
  })
})

describe('the login in a Docker config', () => {
  const login = (auths: object, host = 'index.docker.io') => loginIn(JSON.stringify({ auths }), host)
  it.each([
    [{ 'index.docker.io': { username: 'u', password: 'p' } }],
    [{ 'docker.io': { auth: btoa('u:p') } }],
    [{ 'https://index.docker.io/v1/': { auth: btoa('u:p') } }],
  ])('is found: %j', (auths) => {
    expect(login(auths)).toEqual({ username: 'u', password: 'p' })
  })
  it('is that of the registry, or none', () => {
    expect(login({ 'reg.example:5000': { auth: btoa('u:p:q') } }, 'reg.example:5000')).toEqual({ username: 'u', password: 'p:q' })
    expect(login({ 'reg.example': { auth: btoa('u:p') } })).toBeUndefined()
  })
  it('is said to be none without what it says', () => {
    expect(() => login({ 'docker.io': { auth: btoa('s3cr3t') } })).toThrow(/^(?!.*s3cr3t).*no user and password/)
    expect(() => loginIn('s3cr3t', 'x')).toThrow(/^(?!.*s3cr3t).*not the JSON of a Docker config/)
  })
})

describe('registryImages', () => {
  it('tells which images there are, and which not, by one request where one is enough', async () => {
    const { asked, answer } = registry()
    const gathered = await run(
      { images: ['reg.example/org/app:2', 'reg.example/org/app:1', `reg.example/org/app@${DIGEST}`] },
      answer,
    )
    expect(texts(gathered)['registry/images.json']).toBe(
      `${JSON.stringify({ images: { 'reg.example/org/app:1': { exists: true }, 'reg.example/org/app:2': { exists: false }, [`reg.example/org/app@${DIGEST}`]: { exists: true } } }, undefined, 2)}\n`,
    )
    expect(codes(gathered)).toEqual([])
    expect(asked.map((one) => one.replace('https://reg.example/v2/org/app/manifests/', ''))).toEqual([
      'HEAD 1',
      'HEAD 2',
      'GET 2',
      `HEAD ${DIGEST}`,
    ])
  })

  it('does not take an unknown repository for a missing image', async () => {
    const gathered = await run({ images: ['reg.example/org/other', 'Not An Image'], collectorName: 'c' }, registry().answer)
    expect(images(gathered, 'registry/c.json')).toEqual({
      'Not An Image': { exists: false, error: '"Not An Image" is no name of an image' },
      'reg.example/org/other': { exists: false, error: 'https://reg.example: it answered 404 (NAME_UNKNOWN: said so)' },
    })
    expect(gathered.warnings).toMatchObject([
      {
        code: 'REGISTRY_IMAGES_UNKNOWN',
        message: expect.stringMatching(/^2 images could not be looked up, first Not An Image: /) as string,
      },
    ])
  })

  it('does not take a 404 without a reason, or with another one, for a missing image', async () => {
    const errors = [{ code: 'NAME_UNKNOWN' }, { code: 'MANIFEST_UNKNOWN' }]
    const both = await run({ images: ['reg.example/a'] }, () => ({ status: 404, body: { errors } }))
    expect(images(both)['reg.example/a']?.error).toBe('https://reg.example: it answered 404 (NAME_UNKNOWN)')
    const gathered = await run({ images: ['reg.example/a'] }, () => ({ status: 404, body: '<html>' }))
    expect(images(gathered)['reg.example/a']?.error).toBe('https://reg.example: it answered 404')
  })

  it.each<[string, object]>([
    ['a Secret', { name: 'pull' }],
    ['the entry', { data: { '.dockerconfigjson': btoa(CONFIG) }, type: 'kubernetes.io/dockerconfigjson' }],
  ])('gets a token with the login of %s', async (_, imagePullSecret) => {
    const { asked, answer } = registry('u:p:w')
    const gathered = await run({ images: ['reg.example/org/app:1'], imagePullSecret }, answer)
    expect(images(gathered)).toEqual({ 'reg.example/org/app:1': { exists: true } })
    expect(asked[1]).toBe('GET https://auth.example/token?a=b&service=reg+%26+co&scope=repository%3Aorg%2Fapp%3Apull')
    expect(asked.filter((one) => one.startsWith('HEAD'))).toHaveLength(2)
  })

  it('says that a login is refused, or missing, without the login', async () => {
    const data = { '.dockerconfigjson': btoa(JSON.stringify({ auths: { 'reg.example': { auth: btoa('u:wrong') } } })) }
    const imagePullSecret = { data, type: 'kubernetes.io/dockerconfigjson' }
    for (const more of [{ imagePullSecret }, {}, { imagePullSecret: { name: 'gone' } }]) {
      const gathered = await run({ images: ['reg.example/org/app:1'], ...more }, registry('u:right').answer)
      expect(images(gathered)['reg.example/org/app:1']?.error).toMatch(/it answered 401|there is no secret/)
      expect(JSON.stringify(gathered)).not.toMatch(/wrong|right|t0k3n/)
    }
  })

  it.each(['http://auth.example/token', 'ftp://x', '', 'http://localhost:9/token'])('sends no login to %j', async (realm) => {
    const seen: HttpRequest[] = []
    const answer: Answerer = (request) => (
      seen.push(request),
      { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}"` } }
    )
    const gathered = await run({ images: ['reg.example/org/app:1'], imagePullSecret: { name: 'pull' } }, answer)
    expect(seen.map(({ url, headers }) => [new URL(url).origin, headers?.['authorization']])).toEqual([
      ['https://reg.example', undefined],
    ])
    expect(images(gathered)['reg.example/org/app:1']?.error).toContain('it names no https address')
  })

  it('answers a challenge for a login with it', async () => {
    const answer: Answerer = ({ headers = {} }) =>
      headers['authorization'] === basic('u:p:w') ? {} : { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } }
    const gathered = await run({ images: ['reg.example/org/app'], imagePullSecret: { name: 'pull' } }, answer)
    expect(images(gathered)).toEqual({ 'reg.example/org/app': { exists: true } })
  })

  it.each<[string, FakeAnswer | Error, number]>([
    ['a cut connection', noAnswer('https://reg.example', 'EOF', 'ECONNRESET'), 3],
    ['a busy registry', { status: 503 }, 3],
    ['a registry that is not there', noAnswer('https://reg.example', 'connection refused'), 1],
    ['a refusal', not('DENIED', 403), 1],
  ])('after %s', async (_, failure, tries) => {
    let asked = 0
    const gathered = await run({ images: ['reg.example/a'] }, ({ method }) => ((asked += method === 'HEAD' ? 1 : 0), failure))
    expect(asked).toBe(tries)
    expect(gathered.slept).toEqual(Array.from({ length: tries - 1 }, () => 1000))
    expect(images(gathered)['reg.example/a']?.exists).toBe(false)
  })

  it('finds it at a second try', async () => {
    let asked = 0
    const gathered = await run({ images: ['reg.example/a'] }, () =>
      ++asked === 1 ? noAnswer('https://reg.example', 'EOF', 'EPIPE') : {},
    )
    expect(images(gathered)).toEqual({ 'reg.example/a': { exists: true } })
  })

  it('speaks plain http with this machine only', async () => {
    const answer: Answerer = ({ url }) => (url.startsWith('http://') ? {} : noAnswer(url, 'no TLS', 'EPROTO'))
    const gathered = await run({ images: ['localhost:5000/a', 'reg.example/a'] }, answer)
    expect(images(gathered)).toMatchObject({ 'localhost:5000/a': { exists: true }, 'reg.example/a': { exists: false } })
  })

  it('asks Docker Hub where it is', async () => {
    const { asked, answer } = registry()
    await run({ images: ['busybox'] }, answer)
    expect(asked[0]).toBe('HEAD https://index.docker.io/v2/library/busybox/manifests/latest')
  })

  it.each<[object, string]>([
    [{}, 'images'],
    [{ images: [] }, 'images'],
    [{ images: ['a'], imagePullSecret: {} }, 'imagePullSecret.name: is needed (or "data")'],
    [
      { images: ['a'], imagePullSecret: { data: {}, type: 'Opaque' } },
      'imagePullSecret.type: must be kubernetes.io/dockerconfigjson',
    ],
  ])('refuses %j', async (entry, said) => {
    expect((await issues(registryImages, entry)).join('\n')).toContain(said)
  })
})

describe('host registryImages', () => {
  it('sends its login, and writes below host-collectors', async () => {
    const entry = { images: ['reg.example/org/app:1'], username: 'u', password: 'p' }
    const gathered = await run(entry, registry('u:p').answer, hostRegistryImages)
    expect(images(gathered, 'host-collectors/registry-images/images.json')).toEqual({ 'reg.example/org/app:1': { exists: true } })
  })
})

it.each([
  ['verified == 1', 'held'],
  ['missing == 1', 'held'],
  ['errors == 1', 'held'],
  ['errors > 1', 'not'],
])('our analyzers understand the files: %s', async (when, verdict) => {
  const entry = { images: ['reg.example/org/app:1', 'reg.example/org/app:2', 'reg.example/x'] }
  const [cluster, host] = [await run(entry, registry().answer), await run(entry, registry().answer, hostRegistryImages)]
  expect(condition('analyzers', 'registryImages', when, texts(cluster))).toBe(verdict)
  expect(condition('hostAnalyzers', 'registryImages', when, texts(host))).toBe(verdict)
})

const real = await startRegistry()
describe.skipIf(!real)('a real registry', () => {
  afterAll(() => real?.stop())

  it('has what was pushed, by tag and digest', async () => {
    const { host = '', push } = real ?? {}
    const digest = (await push?.('org/app', '1')) ?? ''
    const config = {
      images: [
        `${host}/org/app:1`,
        `${host}/org/app@${digest}`,
        `${host}/org/app:2`,
        `${host}/org/app@${DIGEST}`,
        `${host}/other`,
      ],
    }
    const http = createHttp({ clock: systemClock, signal: new AbortController().signal })
    const value = { ...config, username: '', password: '' }
    const gathered = await gather(hostRegistryImages.collect(hostContext({ config: value, http, clock: systemClock })))
    expect(images(gathered, 'host-collectors/registry-images/images.json')).toEqual({
      [`${host}/org/app:1`]: { exists: true },
      [`${host}/org/app:2`]: { exists: false },
      [`${host}/org/app@${digest}`]: { exists: true },
      [`${host}/org/app@${DIGEST}`]: { exists: false },
      [`${host}/other`]: { exists: false, error: expect.stringContaining('404 (NAME_UNKNOWN') as string },
    })
  })
})
