import { listAll } from '../../core/kube/list.ts'
import { getObject } from '../../core/kube/objects.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { PROGRAM } from '../../core/errors.ts'
import { AGENT_NAME } from '../../core/names.ts'
import { VERSION } from '../../core/version.ts'
import { desiredObjects, type Installed, ownImage, versionIn } from '../install/desired.ts'
import { AGENT_PODS, isReady, whyNotReady } from '../install/wait-ready.ts'
import { differences, isOf } from './differences.ts'
import { type Check, type Finding, ifAllowed, type Patient } from './finding.ts'

const installFlags = ({ home, isNamespaced }: Patient) => (isNamespaced ? ` --namespaced ${home}` : '')

/** The agent is there, in this program's version, and ready. */
export const installation: Check = {
  name: 'the agent',
  async find(patient) {
    const seen = await patient.installed
    if (!seen) return []
    if (!seen.value)
      return [
        {
          code: 'AGENT_NOT_INSTALLED',
          severity: 'error',
          what: `there is no agent in namespace ${patient.home}`,
          why: 'nothing runs the jobs of this cluster',
          fix: `${PROGRAM} install${installFlags(patient)} --wait`,
        },
      ]
    return [...otherVersion(patient, seen.value), ...(await notReady(patient, seen.value))]
  },
}

function otherVersion(patient: Patient, { version }: Installed): Finding[] {
  const own = versionIn(ownImage(patient.edge.lib)) ?? VERSION
  if (version === undefined || version === own) return []
  return [
    {
      code: 'AGENT_VERSION',
      severity: 'warning',
      what: `the agent is ${version}, this program is ${own}`,
      why: 'one may not know what the other one writes',
      fix: `${PROGRAM} upgrade${installFlags(patient)} --wait`,
    },
  ]
}

async function notReady({ client, home, hidden }: Patient, { workload }: Installed): Promise<Finding[]> {
  if (isReady(workload)) return []
  const why = await ifAllowed(() => whyNotReady(client, home, workload), hidden)
  const resource = workload.kind.toLowerCase()
  return [
    {
      code: 'AGENT_NOT_READY',
      severity: 'error',
      what: `${resource} ${AGENT_NAME} in namespace ${home} is not ready`,
      why: why?.value || 'its replicas are not all available',
      fix: `kubectl describe ${resource},pods -n ${home} -l app.kubernetes.io/component=agent`,
    },
  ]
}

/** The agent has the rights of its own that it needs. */
export const ownRights: Check = {
  name: 'the rights of the agent',
  async find(patient) {
    const { client, edge, home, isNamespaced } = patient
    const wish = { lib: edge.lib, namespaced: isNamespaced ? home : undefined, image: undefined, apiCidrs: [], components: [] }
    const own = desiredObjects(wish).filter((object) => isOf(object, 'agent'))
    const seen = await patient.installed
    if (!seen?.value) return []
    return (await differences(client, own, patient.hidden)).map(({ kind, what }) => ({
      code: kind === 'rules' ? 'AGENT_RULE_MISSING' : kind === 'binding' ? 'AGENT_NOT_BOUND' : 'AGENT_OBJECT_MISSING',
      severity: 'error',
      what,
      why: 'without it the agent sees no namespace, can become no tenant, or cannot lead',
      fix: `${PROGRAM} install${installFlags(patient)}`,
    }))
  },
}

interface Lease {
  holderIdentity?: string
  leaseDurationSeconds?: number
  renewTime?: string
}

/** An agent leads: the Lease is held, renewed, and by a pod that exists. */
export const leadership: Check = {
  name: 'the Lease of the agent',
  async find(patient) {
    const { client, edge, home } = patient
    const installed = await patient.installed
    if (installed && !installed.value) return []
    const path = resourcePath({
      group: 'coordination.k8s.io',
      version: 'v1',
      namespace: home,
      plural: 'leases',
      name: AGENT_NAME,
    })
    const seen = await ifAllowed(() => getObject(client, path), patient.hidden)
    if (!seen) return []
    const logs = `kubectl logs -n ${home} -l app.kubernetes.io/component=agent -c agent --tail 50`
    const lease = seen.value?.json['spec'] as Lease | undefined
    const error = (code: string, what: string, why: string): Finding[] => [{ code, severity: 'error', what, why, fix: logs }]
    if (!lease?.holderIdentity || !lease.renewTime)
      return error(
        'AGENT_NOT_LEADING',
        `nobody holds the Lease ${AGENT_NAME} in namespace ${home}`,
        'no replica of the agent has begun to lead',
      )
    const now = edge.clock.now().getTime() + patient.skewMs
    const silentMs = now - Date.parse(lease.renewTime)
    const limitMs = (lease.leaseDurationSeconds ?? 30) * 1000
    if (silentMs > limitMs)
      return error(
        'AGENT_LEASE_STALE',
        `the Lease ${AGENT_NAME} in namespace ${home} was renewed ${Math.round(silentMs / 1000)} s ago`,
        `its holder is gone or cannot reach the API server, and no other replica took over; ${limitMs / 1000} s are allowed`,
      )
    return leaderGone(patient, lease.holderIdentity)
  },
}

/** A Lease outlives its holder for a while, and nobody works meanwhile. Holders are named `<pod>_<process>`. */
async function leaderGone({ client, home, hidden }: Patient, holder: string): Promise<Finding[]> {
  const path = resourcePath({ version: 'v1', namespace: home, plural: 'pods' })
  const pods = await ifAllowed(() => listAll(client, { path, query: { labelSelector: AGENT_PODS } }), hidden)
  if (!pods || pods.value.items.length === 0) return []
  if (pods.value.items.some(({ metadata }) => holder.startsWith(`${metadata.name}_`))) return []
  return [
    {
      code: 'AGENT_LEADER_GONE',
      severity: 'warning',
      what: `the Lease in namespace ${home} is held by ${holder}, which is no pod of the agent`,
      why: 'its pod is gone, and another one takes over when the Lease has expired; or an agent runs outside of this installation',
      fix: `kubectl get lease,pods -n ${home}`,
    },
  ]
}
