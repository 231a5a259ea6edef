import { describe, expect, it } from 'vitest'
import { listContexts, loadKubeconfig, type KubeOverrides } from '../../../core/kube/kubeconfig.ts'
import { isFailure } from '../../../core/errors.ts'
import { aConfig, aWorld } from './kube-world.ts'

const HOME = '/home/me/.kube/config'
const base64 = (text: string) => Buffer.from(text).toString('base64')
const load = (fields: Parameters<typeof aConfig>[0], overrides?: KubeOverrides) =>
  loadKubeconfig(aWorld({ [HOME]: aConfig(fields) }), overrides)

describe('where kubeconfigs come from', () => {
  it('reads ~/.kube/config', async () => {
    expect(await load({ context: { namespace: 'n' } })).toMatchObject({
      server: 'https://a:6443',
      context: 'a',
      user: 'a',
      namespace: 'n',
    })
  })

  it('reads an explicit one alone, whatever KUBECONFIG says', async () => {
    const world = aWorld({ '/x': aConfig({ cluster: { server: 'https://x' } }), '/y': aConfig() }, { KUBECONFIG: '/y' })
    expect((await loadKubeconfig(world, { kubeconfig: '/x' })).server).toBe('https://x')
  })

  it('merges a list: the first file that names an entry has it whole, missing files are left out', async () => {
    const files = {
      '/1': JSON.stringify({ users: [{ name: 'a', user: { token: 'first' } }] }),
      '/2': aConfig({ user: { token: 'second', username: 'u' }, context: { namespace: 'two' } }),
      '/3': JSON.stringify({ 'current-context': 'b', contexts: [{ name: 'b', context: { cluster: 'a', user: 'a' } }] }),
    }
    const world = aWorld(files, { KUBECONFIG: '/1::/gone:/2:/3' })
    const connection = await loadKubeconfig(world)
    expect(connection).toMatchObject({ context: 'a', namespace: 'two' })
    expect(await connection.credentials.current()).toEqual({ authorization: 'Bearer first' })
    expect(await listContexts(world)).toEqual({ names: ['a', 'b'], current: 'a' })
  })

  it.each([
    ['nothing at home', {}, {}, {}, /no kubeconfig was found at \/home\/me\/.kube\/config, and a cluster needs one/],
    ['an explicit one', {}, {}, { kubeconfig: '/x' }, /at \/x/],
    ['an explicit one, in a pod', POD_FILES(), POD_ENV(), { kubeconfig: '/x' }, /at \/x/],
    ['all of a list', {}, { KUBECONFIG: '/1:/2' }, {}, /at \/1, \/2/],
  ])('says that it is missing: %s', async (_, files, env, overrides, message) => {
    const error: unknown = await loadKubeconfig(aWorld(files, env), overrides).catch((thrown: unknown) => thrown)
    expect(isFailure(error, 'KUBECONFIG_MISSING')).toBe(true)
    expect(error).toMatchObject({ message: expect.stringMatching(message) as string })
  })

  it('takes a server and a token from flags alone', async () => {
    const connection = await loadKubeconfig(aWorld({}), { server: 'b:443', token: 't' })
    expect(connection).toMatchObject({ server: 'https://b:443', namespace: 'default', context: '' })
    expect(await connection.credentials.current()).toEqual({ authorization: 'Bearer t' })
  })
})

function POD_FILES(): Record<string, string> {
  const folder = '/var/run/secrets/kubernetes.io/serviceaccount'
  return { [`${folder}/token`]: 'tok\n', [`${folder}/ca.crt`]: 'CA\n', [`${folder}/namespace`]: 'here\n' }
}
function POD_ENV(): Record<string, string> {
  return { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
}

describe('in a pod', () => {
  it('uses the ServiceAccount, trimmed, and reads its token again', async () => {
    const world = aWorld(POD_FILES(), POD_ENV())
    const connection = await loadKubeconfig(world, { as: 'someone' })
    expect(connection).toMatchObject({
      server: 'https://[fd00::1]:443',
      namespace: 'here',
      headers: { 'impersonate-user': 'someone' },
    })
    expect(await connection.tls.ca()).toBe('CA')
    expect(await connection.credentials.current()).toEqual({ authorization: 'Bearer tok' })
    world.files['/var/run/secrets/kubernetes.io/serviceaccount/token'] = 'next'
    expect(await connection.credentials.current()).toEqual({ authorization: 'Bearer tok' })
    await world.clock.advance(30_000)
    expect(await connection.credentials.current()).toEqual({ authorization: 'Bearer next' })
  })

  it('reads the token at once after a 401, and keeps the last one while there is none', async () => {
    const world = aWorld(POD_FILES(), POD_ENV())
    const { credentials } = await loadKubeconfig(world)
    world.files['/var/run/secrets/kubernetes.io/serviceaccount/token'] = 'next'
    expect(credentials.refused(await credentials.current())).toBe(true)
    expect(await credentials.current()).toEqual({ authorization: 'Bearer next' })
    for (const path of Object.keys(world.files)) delete world.files[path]
    await world.clock.advance(60_000)
    expect(await credentials.current()).toEqual({ authorization: 'Bearer next' })
  })

  it('prefers a kubeconfig', async () => {
    expect((await loadKubeconfig(aWorld({ ...POD_FILES(), [HOME]: aConfig() }, POD_ENV()))).server).toBe('https://a:6443')
  })
})

describe('contexts', () => {
  it('takes the one asked for, and single entries on top of it', async () => {
    const world = aWorld({
      [HOME]: JSON.stringify({
        clusters: [
          { name: 'a', cluster: { server: 'https://a/' } },
          { name: 'b', cluster: { server: 'https://b/k8s/clusters/c-1/' } },
        ],
        users: [{ name: 'u', user: { token: 't' } }],
        contexts: [
          { name: 'x', context: { cluster: 'a' } },
          { name: 'y', context: { cluster: 'b', namespace: 'n' } },
        ],
        'current-context': 'x',
      }),
    })
    expect(await loadKubeconfig(world, { context: 'y' })).toMatchObject({
      server: 'https://b/k8s/clusters/c-1',
      namespace: 'n',
      user: '',
    })
    expect(await loadKubeconfig(world, { cluster: 'b', user: 'u', namespace: 'm' })).toMatchObject({
      context: 'x',
      server: 'https://b/k8s/clusters/c-1',
      user: 'u',
      namespace: 'm',
    })
  })

  it.each<[string, string, KubeOverrides, RegExp]>([
    ['no current-context', JSON.stringify({ contexts: [] }), {}, /no current-context is set; choose one with --context/],
    ['an unknown context', aConfig(), { context: 'z' }, /there is no context "z"; there are: a/],
    ['an unknown cluster', aConfig({ context: { cluster: 'z' } }), {}, /there is no cluster "z"/],
    ['an unknown user', aConfig({ context: { user: 'z' } }), {}, /there is no user "z"/],
    ['no server', aConfig({ cluster: { server: '' } }), {}, /clusters\["a"\] names no server/],
    ['a strange server', aConfig({ cluster: { server: 'ftp://a' } }), {}, /no URL of http or https: ftp:\/\/a/],
    [
      'a wrong type',
      aConfig({ cluster: { 'insecure-skip-tls-verify': 'yes' } }),
      {},
      /clusters\["a"\].insecure-skip-tls-verify must be true or false/,
    ],
    [
      'data that is no base64',
      aConfig({ cluster: { 'certificate-authority-data': '-----BEGIN' } }),
      {},
      /certificate-authority-data must be base64/,
    ],
    [
      'a CA and no verification',
      aConfig({ cluster: { 'certificate-authority': 'x', 'insecure-skip-tls-verify': true } }),
      {},
      /only one can be meant/,
    ],
    ['a certificate without a key', aConfig({ user: { 'client-certificate-data': base64('c') } }), {}, /without its key/],
    ['groups to impersonate without a user', aConfig({ user: { 'as-groups': ['g'] } }), {}, /no user \("as"\)/],
    ['a list for a map', '[]', {}, /kubeconfig \/home\/me\/.kube\/config: must be a map/],
    ['an entry without a name', JSON.stringify({ users: [{ user: {} }] }), {}, /users\[0\] has no name/],
    ['broken YAML', 'a: b: c', {}, /line 1: /],
    ['anchors', 'a: &x 1', {}, /anchors and aliases are not allowed/],
    [
      'an exec plug-in without a command',
      aConfig({ user: { exec: { apiVersion: 'client.authentication.k8s.io/v1' } } }),
      {},
      /users\["a"\].exec has no command/,
    ],
    [
      'an exec plug-in of an old version',
      aConfig({ user: { exec: { apiVersion: 'client.authentication.k8s.io/v1alpha1', command: 'x' } } }),
      {},
      /v1alpha1"; known are/,
    ],
  ])('refuses %s', async (_, text, overrides, message) => {
    const error: unknown = await loadKubeconfig(aWorld({ [HOME]: text }), overrides).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'KUBECONFIG_INVALID', message: expect.stringMatching(message) as string })
  })

  it('refuses auth-provider with the way out', async () => {
    await expect(load({ user: { 'auth-provider': { name: 'gcp' } } })).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      remedy: expect.stringContaining('exec plug-in') as string,
    })
  })
})

describe('YAML as tools write it', () => {
  it('reads flow YAML, comments and unquoted digits', async () => {
    const text = `# mine
apiVersion: v1
clusters: [{name: 7, cluster: {server: "https://a"}}] # one
users:
- name: u
  user: {token: 12345}
contexts: [{name: c, context: {cluster: 7, user: u}}]
current-context: c`
    const connection = await loadKubeconfig(aWorld({ [HOME]: text }))
    expect(connection.server).toBe('https://a')
    expect(await connection.credentials.current()).toEqual({ authorization: 'Bearer 12345' })
  })
})

describe('credentials', () => {
  it.each<[string, object, object]>([
    ['nothing', {}, {}],
    ['a token', { token: 't' }, { authorization: 'Bearer t' }],
    ['a password', { username: 'u', password: 'p:ä' }, { authorization: `Basic ${base64('u:p:ä')}` }],
    ['a token before a password', { token: 't', username: 'u' }, { authorization: 'Bearer t' }],
    [
      'a certificate beside a token',
      { token: 't', 'client-certificate-data': base64('C'), 'client-key-data': base64('K') },
      { authorization: 'Bearer t', cert: 'C', key: 'K' },
    ],
  ])('%s', async (_, user, want) => {
    expect(await (await load({ user })).credentials.current()).toEqual(want)
  })

  it('reads files beside the kubeconfig, and again after a while', async () => {
    const user = { tokenFile: 'tok', 'client-certificate': '../c.crt', 'client-key': '/k.key' }
    const world = aWorld({ [HOME]: aConfig({ user }), '/home/me/.kube/tok': ' t \n', '/home/me/c.crt': 'C', '/k.key': 'K' })
    const { credentials } = await loadKubeconfig(world)
    expect(await credentials.current()).toEqual({ authorization: 'Bearer t', cert: 'C', key: 'K' })
    Object.assign(world.files, { '/home/me/.kube/tok': 't2', '/home/me/c.crt': 'C2', '/k.key': 'K2' })
    await world.clock.advance(30_000)
    expect(await credentials.current()).toEqual({ authorization: 'Bearer t2', cert: 'C', key: 'K' })
    await world.clock.advance(270_000)
    expect(await credentials.current()).toEqual({ authorization: 'Bearer t2', cert: 'C2', key: 'K2' })
  })

  it('falls back to the token beside a token file that is not there, and else says which is missing', async () => {
    expect(await (await load({ user: { token: 't', tokenFile: 'gone' } })).credentials.current()).toEqual({
      authorization: 'Bearer t',
    })
    const { credentials } = await load({ user: { tokenFile: 'gone' } })
    await expect(credentials.current()).rejects.toMatchObject({
      code: 'KUBECONFIG_INVALID',
      message: expect.stringContaining('/home/me/.kube/gone, which cannot be read') as string,
    })
  })
})

describe('flags on top', () => {
  it('a token takes the place of a token file', async () => {
    const world = aWorld({ [HOME]: aConfig({ user: { tokenFile: '/tok' } }), '/tok': 'from the file' })
    expect(await (await loadKubeconfig(world, { token: 't' })).credentials.current()).toEqual({ authorization: 'Bearer t' })
  })

  it('a token takes the place of every other word', async () => {
    const user = {
      username: 'u',
      tokenFile: 'x',
      exec: { command: 'x' },
      'client-certificate-data': base64('C'),
      'client-key-data': base64('K'),
    }
    expect(await (await load({ user }, { token: 't' })).credentials.current()).toEqual({
      authorization: 'Bearer t',
      cert: 'C',
      key: 'K',
    })
  })

  it('a certificate authority takes the place of the one in the file, and of no verification', async () => {
    const world = aWorld({ [HOME]: aConfig({ cluster: { 'certificate-authority-data': base64('OLD') } }), '/new.crt': 'NEW' })
    const connection = await loadKubeconfig(world, { certificateAuthority: '/new.crt' })
    expect(await connection.tls.ca()).toBe('NEW')
    const unverified = await loadKubeconfig(world, { insecureSkipTlsVerify: true })
    expect(unverified.tls.isUnverified).toBe(true)
    expect(await unverified.tls.ca()).toBeUndefined()
  })

  it('reaches the rest of the connection', async () => {
    const flags = { server: 'http://localhost:8001/', tlsServerName: 's', disableCompression: true, namespace: 'm' }
    expect(await load({ context: { namespace: 'n' } }, flags)).toMatchObject({
      server: 'http://localhost:8001',
      tls: { serverName: 's' },
      mayCompress: false,
      namespace: 'm',
    })
  })
})

describe('impersonation', () => {
  it('makes headers of the file, and of flags over it', async () => {
    const user = { as: 'u', 'as-groups': ['g', 'h'], 'as-uid': '1', 'as-user-extra': { 'Acme.com/Team': ['x', 'y'] } }
    const headers = {
      'impersonate-user': 'u',
      'impersonate-group': ['g', 'h'],
      'impersonate-uid': '1',
      'impersonate-extra-acme.com%2Fteam': ['x', 'y'],
    }
    expect((await load({ user })).headers).toEqual(headers)
    expect((await load({ user }, { as: 'v', asGroups: ['i'] })).headers).toEqual({
      ...headers,
      'impersonate-user': 'v',
      'impersonate-group': ['i'],
    })
  })
})
