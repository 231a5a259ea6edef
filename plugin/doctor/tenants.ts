import { PROGRAM } from '../../core/errors.ts'
import { LABEL_ENABLED, STORE_ACCOUNT } from '../../core/names.ts'
import { join } from 'node:path'
import { readManifests } from '../install/composition.ts'
import { find } from '../install/installed.ts'
import { jobsOf, secretsOf } from '../install/jobs-of.ts'
import { planCredentials } from '../install/rbac-plan.ts'
import { allowedBy, tenantObjects } from '../install/tenant.ts'
import { COLLECTOR_ACCOUNT } from '../../core/names.ts'
import { getObject } from '../../core/kube/objects.ts'
import { resourcePath } from '../../core/kube/path.ts'
import type { KubeObject } from '../../core/kube/apply-kinds.ts'
import { differences } from './differences.ts'
import { type Check, type Finding, ifAllowed, type Patient } from './finding.ts'

const ofEach = async (patient: Patient, find: (namespace: string) => Promise<Finding[]>): Promise<Finding[]> =>
  (await Promise.all(patient.namespaces.map(find))).flat()

/** Each namespace is opted in, and has both identities with their rights. */
export const tenants: Check = {
  name: 'the identities of namespaces',
  find: (patient) =>
    ofEach(patient, async (namespace) => [...(await notOptedIn(patient, namespace)), ...(await lacking(patient, namespace))]),
}

async function notOptedIn({ client, isNamespaced, hidden }: Patient, namespace: string): Promise<Finding[]> {
  if (isNamespaced) return []
  const seen = await ifAllowed(() => find(client, 'Namespace', namespace), hidden)
  if (!seen || seen.value?.metadata.labels?.[LABEL_ENABLED] === 'true') return []
  return [
    {
      code: seen.value ? 'NAMESPACE_NOT_OPTED_IN' : 'NAMESPACE_NOT_FOUND',
      severity: 'error',
      what: `namespace ${namespace} ${seen.value ? 'is not opted in' : 'does not exist'}`,
      why: 'no agent runs its jobs',
      fix: seen.value ? `${PROGRAM} install namespace ${namespace}` : `kubectl create namespace ${namespace}`,
    },
  ]
}

async function lacking({ client, edge, hidden }: Patient, namespace: string): Promise<Finding[]> {
  const role = await ifAllowed(() => find(client, 'Role', COLLECTOR_ACCOUNT, namespace), hidden)
  const allowed = allowedBy(role?.value)
  const allow = allowed.length > 0 ? ` --allow ${allowed.join(',')}` : ''
  const wanted = tenantObjects(edge.lib, namespace, allowed)
  return (await differences(client, wanted, hidden)).map(({ object, kind, what }) => {
    const isStore = object.metadata.name === STORE_ACCOUNT
    // A narrower collecting Role may be meant so: bundles say what they lack.
    const isChoice = kind === 'rules' && !isStore
    return {
      code:
        kind === 'rules' ? 'TENANT_RULE_MISSING' : kind === 'binding' ? 'TENANT_NOT_BOUND' : `TENANT_${wordOf(object)}_MISSING`,
      severity: isChoice ? 'warning' : 'error',
      what,
      why: isStore
        ? 'the agent cannot keep the jobs and records of this namespace'
        : isChoice
          ? 'bundles do not hold what may not be read; leave it so if that is meant'
          : 'nothing can be collected in this namespace',
      fix: `${PROGRAM} install namespace ${namespace}${allow}`,
    }
  })
}

const wordOf = ({ kind }: KubeObject): string =>
  kind.endsWith('Binding') ? 'BINDING' : kind.endsWith('Role') ? 'ROLE' : kind.toUpperCase()

/** Who may write ConfigMaps acts with the rights of the identities, unless manifests/policy guards them. */
export const policy: Check = {
  name: 'the policy of who may write jobs',
  async find({ client, edge, namespaces, isNamespaced, hidden }) {
    if (isNamespaced || namespaces.length === 0) return []
    const wanted = readManifests(join(edge.lib, 'manifests', 'policy'))
    const found = await ifAllowed(
      () => Promise.all(wanted.map((object) => find(client, object.kind, object.metadata.name, undefined, object.apiVersion))),
      hidden,
    )
    if (!found) return []
    const missing = wanted.filter((_, index) => !found.value[index])
    if (missing.length === 0) return []
    const isPart = missing.length < wanted.length
    return [
      {
        code: isPart ? 'POLICY_INCOMPLETE' : 'POLICY_MISSING',
        severity: isPart ? 'error' : 'note',
        what: isPart
          ? `of the policies ${missing.map(({ metadata }) => metadata.name).join(', ')} are missing`
          : 'no policy guards jobs and records',
        why: `whoever may write ConfigMaps in ${namespaces.join(', ')} can have bundles made with the rights of its identities, delivered anywhere, and can change the record of runs`,
        fix: `${PROGRAM} install --with policy`,
      },
    ]
  },
}

/** The Secrets that jobs deliver with are there, and the store identity may read them. */
export const credentials: Check = {
  name: 'upload credentials',
  find: (patient) =>
    ofEach(patient, async (namespace) => {
      const { client } = patient
      const jobs = await ifAllowed(() => jobsOf(client, namespace), patient.hidden)
      const all = await Promise.all(
        (jobs?.value ?? []).map(async ({ stored, spec }) => {
          const secrets = secretsOf(spec)
          const absent = await Promise.all(secrets.map((name) => absentSecret(patient, namespace, stored.name, name)))
          const { missing, isUnsure } = await planCredentials(client, namespace, secrets)
          const unreadable = isUnsure ? [] : missing.map((name) => unreadableSecret(namespace, stored.name, name))
          return [...absent.flat(), ...unreadable]
        }),
      )
      return all.flat()
    }),
}

async function absentSecret({ client, hidden }: Patient, namespace: string, job: string, name: string): Promise<Finding[]> {
  const seen = await ifAllowed(
    () => getObject(client, resourcePath({ version: 'v1', namespace, plural: 'secrets', name })),
    hidden,
  )
  if (!seen || seen.value) return []
  return [
    {
      code: 'UPLOAD_SECRET_MISSING',
      severity: 'error',
      what: `Secret ${name} in namespace ${namespace} does not exist`,
      why: `job ${job} delivers its bundles with it`,
      fix: `kubectl create secret generic ${name} -n ${namespace} --from-env-file=FILE`,
    },
  ]
}

const unreadableSecret = (namespace: string, job: string, name: string): Finding => ({
  code: 'UPLOAD_RIGHT_MISSING',
  severity: 'error',
  what: `ServiceAccount ${STORE_ACCOUNT} in namespace ${namespace} may not get Secret ${name}`,
  why: `job ${job} delivers its bundles with it`,
  fix: `${PROGRAM} rbac plan ${job} -n ${namespace} --apply`,
})
