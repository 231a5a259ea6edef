import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { expect, inject } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { reasonOf } from '../../core/errors.ts'
import { KubeClient, type KubeClientOptions } from '../../core/kube/client.ts'
import { type Connection, fixedCredentials } from '../../core/kube/connection.ts'
import { type ControlPlaneInfo, startControlPlane, type TestUser } from './control-plane.ts'
import type { ClusterAnswer } from './global-setup.ts'
import { newFolder } from './sweep.ts'
import { optIn } from './tenants.ts'

/** The cluster as a test file has it. Without one, `skipped` says why, and all else throws. */
export interface TestCluster {
  /** for `describe.skipIf` */
  skipped: string | undefined
  info: ControlPlaneInfo
  /** as the administrator */
  admin: KubeClient
  /** as a user who has no rights but those that the test gives; `server` instead of the real one, such as a fault proxy's */
  client(user: TestUser | 'admin', options?: { server?: string } & Partial<KubeClientOptions>): KubeClient
  /** A namespace of this test alone, with its `default` ServiceAccount, as controllers would make it. */
  newNamespace(labels?: Record<string, string>): Promise<string>
  /** One that is opted in, with its identities and their rights. */
  newTenant(): Promise<string>
  /** Lets a user do something: a Role and RoleBinding in the namespace, or cluster-wide ones without it. Waits until it works. */
  allow(user: TestUser, verbs: string[], resources: string[], where?: { namespace?: string; group?: string }): Promise<void>
}

/**
 * The control plane of this test run. Call it at the top of a test file:
 * `const cluster = await useCluster()`, then `describe.skipIf(cluster.skipped)(…)`.
 */
export async function useCluster(): Promise<TestCluster> {
  const answer = await ask()
  if ('skipped' in answer) return missing(answer.skipped)
  return testCluster(answer.info)
}

async function ask(): Promise<ClusterAnswer> {
  const path = inject('clusterSocket') as string | undefined
  if (path === undefined) return ownControlPlane()
  const socket = connect(path)
  socket.end(`${expect.getState().testPath ?? 'a test file'}\n`)
  let text = ''
  for await (const piece of socket) text += String(piece)
  return JSON.parse(text) as ClusterAnswer
}

/** Run without our global setup: this file gets one of its own, which ends with this process. */
async function ownControlPlane(): Promise<ClusterAnswer> {
  try {
    const { startApiServer: _start, stopApiServer: _stop, stop: _end, ...info } = await startControlPlane({ folder: newFolder() })
    return { info }
  } catch (error) {
    process.stderr.write(`\nSKIPPED: a test file needs a real API server, and there is none: ${reasonOf(error)}\n`)
    return { skipped: reasonOf(error) }
  }
}

/** How to reach it as a fixed token, without a kubeconfig. */
export function connectionTo(info: ControlPlaneInfo, token: string, server: string = info.server): Connection {
  return {
    server,
    context: 'test',
    user: token,
    namespace: 'default',
    credentials: fixedCredentials({ authorization: `Bearer ${token}` }),
    tls: { ca: () => Promise.resolve(info.ca), isUnverified: false, serverName: undefined },
    headers: {},
    proxy: undefined,
    mayCompress: true,
  }
}

export function testCluster(info: ControlPlaneInfo): TestCluster {
  const client: TestCluster['client'] = (user, { server, ...options } = {}) => {
    const token = user === 'admin' ? info.adminToken : info.tokens[user]
    return new KubeClient(connectionTo(info, token, server), {
      clock: systemClock,
      random: Math.random,
      userAgent: 'test/1',
      ...options,
    })
  }
  const admin = client('admin')
  return {
    skipped: undefined,
    info,
    admin,
    client,
    newNamespace: (labels) => newNamespace(admin, labels ?? {}),
    async newTenant() {
      const name = await newNamespace(admin, {})
      await optIn(admin, name)
      return name
    },
    async allow(user, verbs, resources, where = {}) {
      await grant(admin, user, verbs, resources, where)
      await untilAllowed(client(user), verbs, resources, where)
    },
  }
}

const metadata = (name: string, more: object = {}) => ({ metadata: { name, ...more } })
const unique = (prefix: string) => `${prefix}-${randomUUID().slice(0, 8)}`

async function newNamespace(admin: KubeClient, labels: Record<string, string>): Promise<string> {
  const name = unique('t')
  await admin.json({ method: 'POST', path: '/api/v1/namespaces', body: metadata(name, { labels }) })
  await admin.json({ method: 'POST', path: `/api/v1/namespaces/${name}/serviceaccounts`, body: metadata('default') })
  return name
}

async function grant(
  admin: KubeClient,
  user: TestUser,
  verbs: string[],
  resources: string[],
  where: { namespace?: string; group?: string },
): Promise<void> {
  const name = unique('allow')
  const kind = where.namespace ? 'Role' : 'ClusterRole'
  const path = `/apis/rbac.authorization.k8s.io/v1${where.namespace ? `/namespaces/${where.namespace}` : ''}/${kind.toLowerCase()}`
  const rules = [{ apiGroups: [where.group ?? ''], resources, verbs }]
  await admin.json({ method: 'POST', path: `${path}s`, body: { ...metadata(name), rules } })
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind, name }
  const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }]
  await admin.json({ method: 'POST', path: `${path}bindings`, body: { ...metadata(name), roleRef, subjects } })
}

/** The server learns of new roles by a watch of its own: a right works a moment after it was given. */
async function untilAllowed(
  user: KubeClient,
  verbs: string[],
  resources: string[],
  where: { namespace?: string; group?: string },
): Promise<void> {
  const [resource = '', subresource] = resources.at(-1)?.split('/') ?? []
  const attributes = { verb: verbs.at(-1), group: where.group, resource, subresource, namespace: where.namespace }
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  for (;;) {
    const review = (await user.json({ method: 'POST', path, body: { spec: { resourceAttributes: attributes } } })) as {
      status: { allowed: boolean }
    }
    if (review.status.allowed) return
    await systemClock.sleep(20)
  }
}

function missing(reason: string): TestCluster {
  const fail = (): never => {
    throw new Error(`there is no cluster: ${reason}`)
  }
  return {
    skipped: reason,
    get info() {
      return fail()
    },
    get admin() {
      return fail()
    },
    client: fail,
    newNamespace: fail,
    newTenant: fail,
    allow: fail,
  }
}
