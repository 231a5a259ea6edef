import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunProgram } from '../../../core/kube/exec-credentials.ts'
import { loadKubeconfig } from '../../../core/kube/kubeconfig.ts'
import { nodeKubeWorld } from '../../../core/kube/node-world.ts'
import { type Clock, systemClock } from '../../../core/clock.ts'
import { FakeClock, settle } from '../../support/clock.ts'
import { aConfig, aWorld } from './kube-world.ts'

const HOME = '/home/me/.kube/config'
const V1 = 'client.authentication.k8s.io/v1'

/** A plug-in that gives token 1, 2, … each time; what it was started with is kept. */
function aPlugin(status: (count: number) => object = (count) => ({ token: `t${count}` })) {
  const starts: Parameters<RunProgram>[] = []
  const run: RunProgram = (...start) => {
    starts.push(start)
    return Promise.resolve({
      exitCode: 0,
      stderr: '',
      stdout: JSON.stringify({ kind: 'ExecCredential', apiVersion: V1, status: status(starts.length) }),
    })
  }
  return { starts, run }
}

async function connect(exec: object, run: RunProgram, more: { cluster?: object; interactive?: boolean } = {}) {
  const user = { exec: { apiVersion: V1, command: 'get-token', ...exec } }
  const world = aWorld(
    { [HOME]: aConfig({ user, cluster: more.cluster ?? {} }) },
    {},
    { run, interactive: more.interactive ?? false },
  )
  const { credentials } = await loadKubeconfig(world)
  return { credentials, clock: world.clock }
}

describe('an exec plug-in', () => {
  it('is told by KUBERNETES_EXEC_INFO and the environment of its entry', async () => {
    const { starts, run } = aPlugin()
    const { credentials } = await connect({ args: ['--a', 'b'], env: [{ name: 'PROFILE', value: 'x' }] }, run)
    expect(await credentials.current()).toEqual({ authorization: 'Bearer t1' })
    const [command, args, options] = starts[0] ?? []
    expect([command, args, options?.env['PROFILE'], options?.inheritEnv, options?.interactive]).toEqual([
      'get-token',
      ['--a', 'b'],
      'x',
      true,
      false,
    ])
    expect(JSON.parse(options?.env['KUBERNETES_EXEC_INFO'] ?? '')).toEqual({
      kind: 'ExecCredential',
      apiVersion: V1,
      spec: { interactive: false },
    })
  })

  it('gets the cluster when it asks for it', async () => {
    const { starts, run } = aPlugin()
    const cluster = {
      'certificate-authority-data': Buffer.from('CA').toString('base64'),
      'tls-server-name': 's',
      extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'x' } }],
    }
    const { credentials } = await connect({ provideClusterInfo: true }, run, { cluster })
    await credentials.current()
    const info = JSON.parse(starts[0]?.[2].env['KUBERNETES_EXEC_INFO'] ?? '') as { spec: object }
    expect(info.spec).toEqual({
      interactive: false,
      cluster: {
        server: 'https://a:6443',
        'tls-server-name': 's',
        'certificate-authority-data': 'Q0E=',
        config: { audience: 'x' },
      },
    })
  })

  it('starts relative to its kubeconfig', async () => {
    const { starts, run } = aPlugin()
    await (await connect({ command: './bin/login' }, run)).credentials.current()
    expect(starts[0]?.[0]).toBe('/home/me/.kube/bin/login')
  })

  it('is started once for all who ask at once', async () => {
    const { starts, run } = aPlugin()
    const { credentials } = await connect({}, run)
    const all = await Promise.all(Array.from({ length: 12 }, () => credentials.current()))
    expect(new Set(all.map((one) => one.authorization))).toEqual(new Set(['Bearer t1']))
    expect(starts).toHaveLength(1)
  })

  it('is asked again a minute before the end', async () => {
    const clock = new FakeClock()
    const expires = (minutes: number) => new Date(clock.now().getTime() + minutes * 60_000).toISOString()
    const { starts, run } = aPlugin((count) => ({ token: `t${count}`, expirationTimestamp: expires(count * 10) }))
    const connected = await connect({}, run)
    await connected.credentials.current()
    await connected.clock.advance(8.9 * 60_000)
    expect(await connected.credentials.current()).toEqual({ authorization: 'Bearer t1' })
    await connected.clock.advance(0.2 * 60_000)
    expect(await connected.credentials.current()).toEqual({ authorization: 'Bearer t2' })
    expect(starts).toHaveLength(2)
  })

  it('is not asked for each request when its tokens live for seconds', async () => {
    const { starts, run } = aPlugin((count) => ({
      token: `t${count}`,
      expirationTimestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, 40)).toISOString(),
    }))
    const { credentials, clock } = await connect({}, run)
    await credentials.current()
    await clock.advance(19_000)
    await credentials.current()
    expect(starts).toHaveLength(1)
  })

  it('is asked again after a 401, but only once for all who got one', async () => {
    const { starts, run } = aPlugin()
    const { credentials } = await connect({}, run)
    const old = await credentials.current()
    expect(credentials.refused(old)).toBe(true)
    const fresh = await credentials.current()
    expect(credentials.refused(old)).toBe(true)
    expect(await credentials.current()).toBe(fresh)
    expect(starts).toHaveLength(2)
  })

  it('may give a certificate', async () => {
    const { run } = aPlugin(() => ({ clientCertificateData: 'C', clientKeyData: 'K' }))
    expect(await (await connect({}, run)).credentials.current()).toEqual({ cert: 'C', key: 'K' })
  })

  it('may ask a person only where one is', async () => {
    const { starts, run } = aPlugin()
    await expect(connect({ interactiveMode: 'Always' }, run)).rejects.toMatchObject({
      code: 'KUBECONFIG_INVALID',
      message: expect.stringContaining('nobody is there') as string,
    })
    await (await connect({ interactiveMode: 'Always' }, run, { interactive: true })).credentials.current()
    await (await connect({ interactiveMode: 'Never' }, run, { interactive: true })).credentials.current()
    expect(starts.map(([, , options]) => options.interactive)).toEqual([true, false])
  })

  it.each<[string, object, Partial<Awaited<ReturnType<RunProgram>>>, RegExp]>([
    [
      'fails',
      {},
      { exitCode: 3, stderr: 'a\nplease log in\n' },
      /no credentials from "get-token": it ended with code 3: please log in/,
    ],
    ['says nothing', {}, { stdout: '' }, /what it printed is not JSON/],
    [
      'says something else',
      {},
      { stdout: '{"kind":"Pod"}' },
      /did not print an ExecCredential of client.authentication.k8s.io\/v1/,
    ],
    [
      'gives no credentials',
      {},
      { stdout: JSON.stringify({ kind: 'ExecCredential', apiVersion: V1 }) },
      /neither a token nor a certificate/,
    ],
    [
      'gives a strange end',
      {},
      { stdout: JSON.stringify({ kind: 'ExecCredential', apiVersion: V1, status: { token: 't', expirationTimestamp: 'soon' } }) },
      /expirationTimestamp is not a time/,
    ],
  ])('that %s is named', async (_, exec, result, message) => {
    const { credentials } = await connect(exec, () => Promise.resolve({ exitCode: 0, stdout: '', stderr: '', ...result }))
    await expect(credentials.current()).rejects.toMatchObject({
      code: 'KUBE_CREDENTIALS',
      message: expect.stringMatching(message) as string,
    })
  })

  it('that is missing shows its hint, and is tried again at the next request', async () => {
    const user = { exec: { apiVersion: V1, command: 'get-token', installHint: 'install it from there\n' } }
    const world = aWorld({ [HOME]: aConfig({ user }) })
    const { credentials } = await loadKubeconfig(world)
    await expect(credentials.current()).rejects.toMatchObject({
      code: 'KUBE_CREDENTIALS',
      message: expect.stringContaining('not installed') as string,
      remedy: 'install it from there',
    })
    await expect(credentials.current()).rejects.toMatchObject({ code: 'KUBE_CREDENTIALS' })
    expect(world.started).toHaveLength(2)
  })
})

describe('real programs', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'exec-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function aScript(name: string, body: string): void {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  async function credentialsFrom(command: string, clock: Clock = systemClock) {
    writeFileSync(
      join(folder, 'config'),
      aConfig({ user: { exec: { apiVersion: V1, command, env: [{ name: 'WHO', value: 'me' }] } } }),
    )
    const world = nodeKubeWorld({ env: { PATH: process.env['PATH'], OUTER: 'o' }, homeFolder: folder, clock, interactive: false })
    return (await loadKubeconfig(world, { kubeconfig: join(folder, 'config') })).credentials
  }

  it('are run without a shell, with our environment and theirs', async () => {
    aScript(
      'login',
      `echo '{"kind":"ExecCredential","apiVersion":"${V1}","status":{"token":"'$WHO-$OUTER-\${#KUBERNETES_EXEC_INFO}'"}}'`,
    )
    const length = JSON.stringify({ kind: 'ExecCredential', apiVersion: V1, spec: { interactive: false } }).length
    expect(await (await credentialsFrom('./login')).current()).toEqual({ authorization: `Bearer me-o-${length}` })
  })

  it('that fail are quoted', async () => {
    aScript('fails', 'echo no session >&2; exit 4')
    await expect((await credentialsFrom('./fails')).current()).rejects.toThrow('it ended with code 4: no session')
  })

  it('that are not there are said to be missing', async () => {
    await expect((await credentialsFrom('no-such-program-here')).current()).rejects.toThrow('it is not installed')
  })

  it('that hang are ended', async () => {
    aScript('hangs', 'exec sleep 1000')
    const clock = new FakeClock()
    const credentials = await credentialsFrom('./hangs', clock)
    const asked = credentials.current().catch((error: unknown) => error)
    await settle()
    await clock.advance(60_000)
    expect(await asked).toMatchObject({ message: expect.stringContaining('it gave no answer within 60 s') as string })
  })
})
