import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { systemClock } from '../../core/clock.ts'
import { clusterBinary } from './binaries.ts'
import { type Keeper, startKeeper } from './keeping.ts'
import { sweepDeadControlPlanes } from './sweep.ts'

/** A real etcd and kube-apiserver on loopback, without controllers, nodes or a scheduler. Plain data: it travels between processes. */
export interface ControlPlaneInfo {
  folder: string
  /** path of a kubeconfig whose only context is the administrator's */
  kubeconfig: string
  /** https://127.0.0.1:port */
  server: string
  /** PEM of what signs the server's certificate */
  ca: string
  adminToken: string
  /** tokens of users without any right: alice and bob of group team, carol alone */
  tokens: Record<TestUser, string>
  etcd: string
  /** of the last start of the API server, in ms from nothing to ready */
  readyAfterMs: number
}
export type TestUser = 'alice' | 'bob' | 'carol'

export interface ControlPlane extends ControlPlaneInfo {
  /** SIGKILL, as a node that fails; the same port again after startApiServer */
  stopApiServer(): Promise<void>
  startApiServer(): Promise<void>
  stop(): Promise<void>
}

export interface ControlPlaneOptions {
  /** made if it is not there, removed at the end */
  folder: string
  /** flags of the API server on top of ours */
  apiServerFlags?: string[]
  /** writes every request to <folder>/audit.log, one JSON line each */
  audit?: boolean
}

const USERS: Record<'admin' | TestUser, { token: string; groups: string }> = {
  admin: { token: 'admin-token', groups: 'system:masters' },
  alice: { token: 'alice-token', groups: 'team' },
  bob: { token: 'bob-token', groups: 'team' },
  carol: { token: 'carol-token', groups: '' },
}
const READY_WITHIN_MS = 60_000
const PORT_TRIES = 3

/**
 * Starts a control plane and waits until it answers. About 2.5 s. It ends with `stop`, and with this process however that ends.
 *
 * @throws a plain Error, when a program is missing and cannot be built, or does not become ready (with the end of its log)
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const [etcd, apiServer] = [await clusterBinary('etcd'), await clusterBinary('kube-apiserver')]
  sweepDeadControlPlanes()
  mkdirSync(options.folder, { recursive: true, mode: 0o700 })
  writeFileSync(join(options.folder, 'owner'), String(process.pid))
  writeInputs(options.folder)
  const keeper = startKeeper(options.folder)
  const startedAt = systemClock.monotonicMs()
  try {
    const etcdUrl = await startEtcd(keeper, etcd, options.folder)
    const port = await freePort()
    const server = `https://127.0.0.1:${port}`
    const args = apiServerArgs(options, port, etcdUrl)
    const startApiServer = async () => {
      await keeper.start('kube-apiserver', apiServer, args)
      await ready(keeper, 'kube-apiserver', options.folder, () => isReady(server))
    }
    await startApiServer()
    const info = describe(options.folder, server, etcdUrl, systemClock.monotonicMs() - startedAt)
    return { ...info, startApiServer, stopApiServer: () => keeper.stop('kube-apiserver', 'SIGKILL'), stop: () => keeper.close() }
  } catch (error) {
    await keeper.close()
    throw error
  }
}

function describe(folder: string, server: string, etcd: string, readyAfterMs: number): ControlPlaneInfo {
  const crt = join(folder, 'pki', 'apiserver.crt')
  const kubeconfig = join(folder, 'kubeconfig')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': crt } }],
    users: [{ name: 'admin', user: { token: USERS.admin.token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  }
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 })
  const { alice, bob, carol } = USERS
  const tokens = { alice: alice.token, bob: bob.token, carol: carol.token }
  return { folder, kubeconfig, server, ca: readFileSync(crt, 'utf8'), adminToken: USERS.admin.token, tokens, etcd, readyAfterMs }
}

/** Keys, tokens and the audit policy; the API server makes its serving certificate itself, in pki/. */
function writeInputs(folder: string): void {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  writeFileSync(join(folder, 'sa.key'), privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 })
  const lines = Object.entries(USERS).map(([name, { token, groups }]) =>
    [token, name, name, ...(groups ? [groups] : [])].join(','),
  )
  writeFileSync(join(folder, 'tokens.csv'), `${lines.join('\n')}\n`, { mode: 0o600 })
  const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] }
  writeFileSync(join(folder, 'audit-policy.yaml'), JSON.stringify(policy))
}

async function startEtcd(keeper: Keeper, program: string, folder: string): Promise<string> {
  for (let tries = 1; ; tries++) {
    const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`]
    const urls = ['--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peer]
    const cluster = ['--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`]
    await keeper.start('etcd', program, [
      '--data-dir',
      join(folder, 'etcd'),
      '--unsafe-no-fsync',
      '--log-level',
      'error',
      ...urls,
      ...cluster,
    ])
    try {
      await ready(keeper, 'etcd', folder, async () => (await fetch(`${client}/readyz`)).ok)
      return client
    } catch (error) {
      if (tries >= PORT_TRIES) throw error // else someone took the port between our look and its start
    }
  }
}

function apiServerArgs(options: ControlPlaneOptions, port: number, etcd: string): string[] {
  const file = (name: string) => join(options.folder, name)
  return [
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--secure-port=${port}`,
    `--cert-dir=${file('pki')}`,
    `--token-auth-file=${file('tokens.csv')}`,
    `--service-account-key-file=${file('sa.key')}`,
    `--service-account-signing-key-file=${file('sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=RBAC',
    '--allow-privileged=true',
    ...(options.audit ? [`--audit-policy-file=${file('audit-policy.yaml')}`, `--audit-log-path=${file('audit.log')}`] : []),
    ...(options.apiServerFlags ?? []),
  ]
}

/** Waits until `isUp` says so. A process that ends, or takes too long, is an error with the end of its log. */
async function ready(keeper: Keeper, name: string, folder: string, isUp: () => Promise<boolean>): Promise<void> {
  const end = systemClock.monotonicMs() + READY_WITHIN_MS
  for (;;) {
    if (await isUp().catch(() => false)) return
    const how = keeper.howEnded(name) ?? (systemClock.monotonicMs() > end ? 'it was not ready in time' : undefined)
    if (how !== undefined) {
      const log = readFileSync(join(folder, `${name}.log`), 'utf8')
        .trim()
        .split('\n')
        .slice(-5)
        .join('\n')
      throw new Error(`${name} did not start (${how}):\n${log}`)
    }
    await systemClock.sleep(25)
  }
}

/** The certificate is not read for this: it is only just being made. */
function isReady(server: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(`${server}/readyz`, { rejectUnauthorized: false, agent: false, timeout: 2_000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.on('error', () => resolve(false))
    asked.on('timeout', () => asked.destroy())
    asked.end()
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
