import type { KubeClient } from '../../core/kube/client.ts'
import { fixedCredentials } from '../../core/kube/connection.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import type { Right } from './rules.ts'

export interface Account {
  namespace: string
  name: string
}

/** Asks what a ServiceAccount may do, in whichever way the user may ask. */
export interface Reviewer {
  /** undefined: this user may not ask at all. `namespace`: undefined for all of them, and for what is of the whole cluster */
  allows(right: Right, namespace: string | undefined): Promise<boolean | undefined>
}

const AUTHORIZATION = { group: 'authorization.k8s.io', version: 'v1' }
const userName = ({ namespace, name }: Account) => `system:serviceaccount:${namespace}:${name}`
const groupsOf = ({ namespace }: Account) => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
  'system:authenticated',
]

type Ask = (attributes: object, namespace: string | undefined) => Promise<boolean>

/**
 * The ways to ask, best first. Who may create reviews needs nothing else: administrators of a namespace may, for that
 * namespace. Else as the ServiceAccount itself: by impersonation, or with a token of it.
 */
export function reviewerOf(client: KubeClient, account: Account): Reviewer {
  const ways: Ask[] = [
    (attributes) => review(client, 'subjectaccessreviews', { ...subject(account), ...attributes }),
    (attributes, namespace) =>
      namespace === undefined
        ? Promise.reject(new NotThisWay())
        : review(client, 'localsubjectaccessreviews', { ...subject(account), ...attributes }, { namespace }),
    (attributes) => review(client, 'selfsubjectaccessreviews', attributes, { headers: impersonation(account) }),
    async (attributes) => review((tokenClient ??= await withToken(client, account)), 'selfsubjectaccessreviews', attributes),
  ]
  let tokenClient: KubeClient | undefined
  const closed = new Set<Ask>()
  return {
    async allows(right, namespace) {
      for (const way of ways) {
        if (closed.has(way)) continue
        try {
          return await way(attributesOf(right, namespace), namespace)
        } catch (error) {
          if (error instanceof NotThisWay) continue
          if (!isStatus(error, 403)) throw error
          closed.add(way)
        }
      }
      return undefined
    },
  }
}

/** This way cannot answer this question; another one may. */
class NotThisWay extends Error {}

const subject = (account: Account) => ({ user: userName(account), groups: groupsOf(account) })
const impersonation = (account: Account) => ({ 'impersonate-user': userName(account) })

function attributesOf(right: Right, namespace: string | undefined): object {
  if ('path' in right) return { nonResourceAttributes: { path: right.path, verb: right.verb } }
  const [resource, subresource] = right.resource.split('/')
  return {
    resourceAttributes: { namespace, verb: right.verb, group: right.group, resource, subresource, name: right.name },
  }
}

async function review(
  client: KubeClient,
  plural: string,
  spec: object,
  { namespace, headers }: { namespace?: string; headers?: Record<string, string> } = {},
): Promise<boolean> {
  const path = resourcePath({ ...AUTHORIZATION, namespace, plural })
  const metadata = namespace === undefined ? {} : { metadata: { namespace } }
  const answer = await client.json({ method: 'POST', path, headers, body: { ...metadata, spec }, isIdempotent: true })
  return (answer as { status?: { allowed?: boolean } }).status?.allowed === true
}

async function withToken(client: KubeClient, account: Account): Promise<KubeClient> {
  const path = resourcePath({
    version: 'v1',
    namespace: account.namespace,
    plural: 'serviceaccounts',
    name: account.name,
    subresource: 'token',
  })
  const answer = await client.json({ method: 'POST', path, body: { spec: { expirationSeconds: 600 } } })
  const { token } = (answer as { status: { token: string } }).status
  return client.withCredentials(fixedCredentials({ authorization: `Bearer ${token}` }), userName(account))
}
