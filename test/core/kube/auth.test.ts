import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import { KubeClient } from '../../../core/kube/client.ts'
import { tokenCredentials } from '../../../core/kube/connection.ts'
import { type KubeOverrides, loadKubeconfig } from '../../../core/kube/kubeconfig.ts'
import { nodeKubeWorld } from '../../../core/kube/node-world.ts'
import { parsePlainYaml } from '../../../core/kube/plain-yaml.ts'
import { builtTool } from '../../../tools/go-tool.ts'
import { useCluster } from '../../cluster/use-cluster.ts'

const cluster = await useCluster()
describe.skipIf(cluster.skipped)('who a real API server takes us for', () => {
  let folder: string
  const clients: KubeClient[] = []
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'auth-'))
  })
  afterAll(() => {
    for (const client of clients) client.close()
    rmSync(folder, { recursive: true })
  })

  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const aConfig = (user: object, more: { server?: string; cluster?: object } = {}) =>
    file(
      'config',
      JSON.stringify({
        clusters: [
          {
            name: 'c',
            cluster: {
              server: more.server ?? cluster.info.server,
              'certificate-authority-data': Buffer.from(cluster.info.ca).toString('base64'),
              ...more.cluster,
            },
          },
        ],
        users: [{ name: 'u', user }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    )
  async function connect(kubeconfig: string, flags: KubeOverrides = {}): Promise<KubeClient> {
    const world = nodeKubeWorld({
      env: { PATH: process.env['PATH'] },
      homeFolder: folder,
      clock: systemClock,
      interactive: false,
    })
    const client = new KubeClient(await loadKubeconfig(world, { kubeconfig, ...flags }), {
      clock: systemClock,
      random: Math.random,
      userAgent: 'test/1',
    })
    clients.push(client)
    return client
  }
  async function whoami(client: KubeClient): Promise<unknown> {
    const review = (await client.json({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body: {},
    })) as { status: { userInfo: object } }
    return review.status.userInfo
  }
  const groups = (...names: string[]) => expect.arrayContaining(names) as string[]

  it('the administrator, by the kubeconfig of the harness', async () => {
    expect(await whoami(await connect(cluster.info.kubeconfig))).toMatchObject({
      username: 'admin',
      groups: groups('system:masters'),
    })
  })

  it('the user of a token, in the file or by flag', async () => {
    expect(await whoami(await connect(aConfig({ token: cluster.info.tokens.alice })))).toMatchObject({
      username: 'alice',
      groups: groups('team'),
    })
    expect(await whoami(await connect(aConfig({ token: 'x' }), { token: cluster.info.tokens.carol }))).toMatchObject({
      username: 'carol',
    })
  })

  it('nobody, by a wrong token', async () => {
    await expect(whoami(await connect(aConfig({ token: 'wrong' })))).rejects.toMatchObject({
      code: 'API_UNAUTHORIZED',
      status: 401,
    })
  })

  it('the user of a token file, whose token was replaced', async () => {
    const tokenFile = file('token', `${cluster.info.tokens.alice}\n`)
    const client = await connect(aConfig({ tokenFile }))
    expect(await whoami(client)).toMatchObject({ username: 'alice' })
    file('token', 'revoked')
    await expect(whoami(await connect(aConfig({ tokenFile })))).rejects.toMatchObject({ status: 401 })
    file('token', cluster.info.tokens.bob)
    expect(await whoami(await connect(aConfig({ tokenFile })))).toMatchObject({ username: 'bob' })
  })

  it('whom we impersonate', async () => {
    const user = {
      token: cluster.info.adminToken,
      as: 'ü user',
      'as-groups': ['g1', 'g2'],
      'as-uid': '42',
      'as-user-extra': { 'acme.com/team': ['a', 'b'] },
    }
    expect(await whoami(await connect(aConfig({ ...user, as: 'dora' })))).toMatchObject({
      username: 'dora',
      uid: '42',
      groups: groups('g1', 'g2'),
      extra: { 'acme.com/team': ['a', 'b'] },
    })
    expect(
      await whoami(await connect(aConfig({ token: cluster.info.adminToken }), { as: 'emil', asGroups: ['h'] })),
    ).toMatchObject({ username: 'emil', groups: groups('h') })
    await expect(whoami(await connect(aConfig({ token: cluster.info.tokens.bob, as: 'admin' })))).rejects.toMatchObject({
      status: 403,
    })
  })

  it('whom an exec plug-in names; a refused token is asked for once more', async () => {
    const script = `#!/bin/sh
n=$(cat count 2>/dev/null || echo 0); n=$((n + 1)); echo $n > count
[ $n = 1 ] && token=expired || token=${cluster.info.tokens.bob}
echo "{\\"kind\\":\\"ExecCredential\\",\\"apiVersion\\":\\"client.authentication.k8s.io/v1\\",\\"status\\":{\\"token\\":\\"$token\\"}}"`
    file('login', script.replaceAll('count', join(folder, 'count')))
    chmodSync(join(folder, 'login'), 0o755)
    const client = await connect(aConfig({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './login' } }))
    const all = await Promise.all([whoami(client), whoami(client), whoami(client)])
    expect(all).toEqual(Array.from({ length: 3 }, () => expect.objectContaining({ username: 'bob' }) as unknown))
    expect(readFileSync(join(folder, 'count'), 'utf8')).toBe('2\n')
  })

  it('a ServiceAccount, by a token that we minted, over the same connections', async () => {
    const namespace = await cluster.newNamespace()
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`
    const minted = (await cluster.admin.json({ method: 'POST', path, body: { spec: { expirationSeconds: 600 } } })) as {
      status: { token: string }
    }
    const tenant = cluster.admin.withCredentials(
      tokenCredentials(() => Promise.resolve(minted.status.token)),
      'tenant',
    )
    expect(await whoami(tenant)).toMatchObject({ username: `system:serviceaccount:${namespace}:default` })
    expect(await whoami(cluster.admin)).toMatchObject({ username: 'admin' })
  })

  describe('and whom we take it for', () => {
    const token = () => ({ token: cluster.info.adminToken })
    it('nobody, when we do not know who signed its certificate', async () => {
      const client = await connect(aConfig(token(), { cluster: { 'certificate-authority-data': undefined } }))
      await expect(whoami(client)).rejects.toMatchObject({
        code: 'CLUSTER_UNREACHABLE',
        message: expect.stringMatching(/certificate/) as string,
      })
    })

    it('nobody, when its certificate names another host', async () => {
      const client = await connect(aConfig(token()), { tlsServerName: 'other.example' })
      await expect(whoami(client)).rejects.toMatchObject({
        code: 'CLUSTER_UNREACHABLE',
        message: expect.stringContaining('other.example') as string,
      })
    })

    it('the API server, by another name that its certificate has', async () => {
      expect(await whoami(await connect(aConfig(token()), { tlsServerName: 'kubernetes.default.svc' }))).toMatchObject({
        username: 'admin',
      })
      const byAddress = cluster.info.server.replace('127.0.0.1', 'localhost')
      await expect(whoami(await connect(aConfig(token(), { server: byAddress })))).rejects.toMatchObject({
        code: 'CLUSTER_UNREACHABLE',
      })
    })

    it('anyone, when told so', async () => {
      expect(await whoami(await connect(aConfig(token()), { insecureSkipTlsVerify: true }))).toMatchObject({ username: 'admin' })
    })
  })

  it.skipIf(!builtTool('kubectl'))('is the same by a kubeconfig that kubectl wrote, and the fast parser reads it', async () => {
    const path = join(folder, 'by-kubectl')
    const kubectl = (...args: string[]) =>
      execFileSync(builtTool('kubectl') ?? '', ['config', ...args], { env: { KUBECONFIG: path, HOME: folder } })
    kubectl(
      'set-cluster',
      'c',
      `--server=${cluster.info.server}`,
      `--certificate-authority=${join(cluster.info.folder, 'pki', 'apiserver.crt')}`,
      '--embed-certs',
    )
    kubectl('set-credentials', 'u', `--token=${cluster.info.tokens.alice}`)
    kubectl(
      'set-credentials',
      'e',
      '--exec-api-version=client.authentication.k8s.io/v1',
      '--exec-command=aws',
      '--exec-arg=--region,eu',
      '--exec-env=A=b',
      '--exec-interactive-mode=Never',
    )
    kubectl('set-context', 'x', '--cluster=c', '--user=u', '--namespace=n')
    kubectl('use-context', 'x')
    expect(parsePlainYaml(readFileSync(path, 'utf8'))).toMatchObject({
      'current-context': 'x',
      users: [{ name: 'e', user: { exec: { args: ['--region', 'eu'], interactiveMode: 'Never' } } }, {}],
    })
    const client = await connect(path)
    expect(client.connection.namespace).toBe('n')
    expect(await whoami(client)).toMatchObject({ username: 'alice' })
  })
})
