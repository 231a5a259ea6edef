import { fail } from '../../core/errors.ts'
import type { KubeObject } from '../../core/kube/apply-kinds.ts'
import { listAll } from '../../core/kube/list.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import { LABEL_KIND } from '../../core/names.ts'
import { atCluster } from '../install/at-cluster.ts'
import { deleteAll } from '../install/apply-all.ts'
import { isWorkload, PART_SELECTOR } from '../install/edits.ts'
import { agentNamespace, listLabelled, optedIn } from '../install/installed.ts'
import { labelNamespace, removeJobs, removeLeases, waitGone } from '../install/removal.ts'
import { CLUSTER_NAMESPACE } from '../install/tenant.ts'
import { removeTokenKey } from '../install/token-key.ts'
import { safe, warning } from '../output/text.ts'
import { defineArgs, defineVerb } from '../verb.ts'

const ARGS = defineArgs({
  namespaced: {
    type: 'string',
    description: 'the namespace of an agent that was installed with --namespaced',
    valueHint: 'NAMESPACE',
  },
  'keep-jobs': { type: 'boolean', description: 'leave jobs and their records where they are' },
  yes: { type: 'boolean', alias: 'y', description: 'do it without asking' },
})

/** Longer than the agent's own grace. */
const GONE_MS = 60_000

export default defineVerb({
  usage: 'uninstall --yes [flags]   or   uninstall namespace NAME',
  about:
    'Takes the agent out of the cluster: all that was installed, the identities and opt-in labels of namespaces and, without --keep-jobs, the jobs with all records. Bundles that were delivered stay where they are; bundles that the agent keeps go with it.',
  examples: ['uninstall --yes', 'uninstall --keep-jobs --yes'],
  args: ARGS,
  async run(context) {
    const { args, edge } = context
    const { client } = await atCluster(context, 'uninstall')
    if (!args.yes)
      throw fail('CONFIRMATION_NEEDED', { action: `taking out the agent${args['keep-jobs'] ? '' : ' and deleting all jobs'}` })
    const told = { client, out: edge.out }
    const home = agentNamespace(args.namespaced)
    const all = await listLabelled(client, PART_SELECTOR, args.namespaced)
    const namespaces = args.namespaced === undefined ? await tenantsOf(await optedIn(client), all) : [args.namespaced]

    await deleteAll(told, all.filter(isWorkload))
    if (!(await waitGone(client, home, { clock: edge.clock, timeoutMs: GONE_MS, signal: edge.signal })))
      edge.err(warning('pods of the agent are still there: what they write from now on stays'))
    for (const namespace of namespaces) {
      const isChanged = args.namespaced === undefined && (await labelNamespace(client, namespace, false)) === 'unlabeled'
      if (isChanged) edge.out(`namespace/${safe(namespace)} unlabeled\n`)
      if (!args['keep-jobs']) await removeJobs(told, namespace)
      await removeTokenKey(told, namespace)
    }
    await removeLeases(told, home)
    const kept = await keptNamespace(all, args['keep-jobs'] === true, async () => hasJobs(client, CLUSTER_NAMESPACE))
    await deleteAll(
      told,
      all.filter((object) => !isWorkload(object) && object !== kept),
    )
    if (kept) edge.err(`namespace ${CLUSTER_NAMESPACE} stays, since it holds jobs\n`)
  },
})

/** Where jobs may be that an agent has worked on: opted in now, or with identities of ours. */
async function tenantsOf(labelled: readonly string[], objects: readonly KubeObject[]): Promise<string[]> {
  const own = objects.flatMap(({ kind, metadata }) =>
    kind === 'ServiceAccount' && metadata.labels?.['app.kubernetes.io/component'] === 'tenant' ? (metadata.namespace ?? []) : [],
  )
  return [...new Set([...labelled, ...own])].toSorted()
}

/** A namespace that we made and that holds jobs to be kept. */
async function keptNamespace(
  objects: readonly KubeObject[],
  isKeeping: boolean,
  holdsJobs: () => Promise<boolean>,
): Promise<KubeObject | undefined> {
  const found = objects.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === CLUSTER_NAMESPACE)
  return found && isKeeping && (await holdsJobs()) ? found : undefined
}

async function hasJobs(client: Parameters<typeof listAll>[0], namespace: string): Promise<boolean> {
  const path = resourcePath({ version: 'v1', namespace, plural: 'configmaps' })
  try {
    return (await listAll(client, { path, query: { labelSelector: LABEL_KIND } })).items.length > 0
  } catch (error) {
    if (isStatus(error, 404)) return false
    throw error
  }
}
