import { fail, PROGRAM } from '../../core/errors.ts'
import type { KubeObject } from '../../core/kube/apply-kinds.ts'
import { VERSION } from '../../core/version.ts'
import { atCluster } from '../install/at-cluster.ts'
import { applyAll, deleteAll, isSame } from '../install/apply-all.ts'
import { continued, desiredObjects, versionIn } from '../install/desired.ts'
import { MANAGED_SELECTOR } from '../install/edits.ts'
import { INSTALL_ARGS, readInstallFlags } from '../install/install-flags.ts'
import { agentNamespace, find, findInstalled, listLabelled } from '../install/installed.ts'
import { allowedBy, LABEL_FOR_NAMESPACE, tenantObjects } from '../install/tenant.ts'
import { waitReady } from '../install/wait-ready.ts'
import { COLLECTOR_ACCOUNT } from '../../core/names.ts'
import { safe, warning } from '../output/text.ts'
import { defineVerb } from '../verb.ts'

export default defineVerb({
  usage: 'upgrade [flags]',
  about:
    'Brings an installed agent, and the identities of the namespaces that were opted in by this program, to the version of this program. What an older version made and this one has no more is removed. Parts, image repository and networks stay as they were installed.',
  examples: ['upgrade --wait', 'upgrade --image registry.example.com/support-bundle-schedule:0.1.0'],
  args: INSTALL_ARGS,
  lists: ['api-cidr', 'with'],
  async run(context) {
    const { args, edge, list } = context
    const flags = readInstallFlags('upgrade', args, list('api-cidr'), list('with'))
    const { client } = await atCluster(context, 'upgrade')
    const namespace = agentNamespace(flags.namespaced)
    const before = await findInstalled(client, namespace)
    if (!before) throw fail('AGENT_NOT_INSTALLED', { namespace })
    const wish = continued({ ...flags, lib: edge.lib }, before)
    const next = versionIn(wish.image ?? '') ?? VERSION
    edge.err(`agent ${safe(before.version ?? 'of an unknown version')} -> ${next}\n`)
    if (before.version !== undefined && isNewer(before.version, next))
      edge.err(
        warning(`this is a step back: jobs and records that ${before.version} wrote in a newer form are left alone, and not run`),
      )
    const wanted = desiredObjects(wish)
    const old = await listLabelled(client, MANAGED_SELECTOR, flags.namespaced)
    const tenants = flags.namespaced === undefined ? tenantsIn(old) : []
    const identities = await Promise.all(
      tenants.map(async (tenant) =>
        tenantObjects(edge.lib, tenant, allowedBy(await find(client, 'Role', COLLECTOR_ACCOUNT, tenant))),
      ),
    )
    const all = [...wanted, ...identities.flat().filter((object) => !wanted.some((one) => isSame(one, object)))]
    const told = { client, out: edge.out }
    await applyAll(told, all, args.force === true)
    const isGone = (object: KubeObject) =>
      !(LABEL_FOR_NAMESPACE in (object.metadata.labels ?? {})) && !all.some((one) => isSame(one, object))
    await deleteAll(told, old.filter(isGone), 'pruned')
    const { timeoutMs } = flags
    if (args.wait) await waitReady(client, wanted, { clock: edge.clock, timeoutMs, command: 'upgrade', signal: edge.signal })
    else edge.err(`see whether all is well with: ${PROGRAM} doctor\n`)
  },
})

/** The namespaces whose collecting identity this program made. */
const tenantsIn = (objects: readonly KubeObject[]): string[] =>
  objects.flatMap(({ kind, metadata }) =>
    kind === 'ServiceAccount' && metadata.name === COLLECTOR_ACCOUNT ? (metadata.namespace ?? []) : [],
  )

/** By the three numbers of a version; what is none is not newer. */
function isNewer(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => (/^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number))
  const at = [0, 1, 2].find((index) => left?.[index] !== right?.[index])
  return at !== undefined && (left?.[at] ?? 0) > (right?.[at] ?? 0)
}
