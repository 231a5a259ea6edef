import { fail, PROGRAM } from '../../core/errors.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import { LABEL_ENABLED } from '../../core/names.ts'
import { atCluster } from '../install/at-cluster.ts'
import { deleteAll } from '../install/apply-all.ts'
import { PART_SELECTOR } from '../install/edits.ts'
import { listLabelled } from '../install/installed.ts'
import { isTenants, labelNamespace, removeJobs } from '../install/removal.ts'
import { removeTokenKey } from '../install/token-key.ts'
import { CLUSTER_NAMESPACE, LABEL_FOR_NAMESPACE } from '../install/tenant.ts'
import { safe, warning } from '../output/text.ts'
import { defineArgs, defineVerb } from '../verb.ts'

const ARGS = defineArgs({
  name: { type: 'positional', required: true, description: 'the namespace' },
  'delete-jobs': { type: 'boolean', description: 'delete its jobs too, with all records' },
  yes: { type: 'boolean', alias: 'y', description: 'with --delete-jobs: do it without asking' },
})

export default defineVerb({
  usage: 'uninstall namespace NAME [flags]',
  about:
    'Opts a namespace out: takes the label off and removes the two identities with their rights. Its jobs stay, and are not run any more.',
  examples: ['uninstall namespace payments', 'uninstall namespace payments --delete-jobs --yes'],
  args: ARGS,
  async run(context) {
    const { args, edge } = context
    const { name } = args
    if (args['delete-jobs'] && !args.yes)
      throw fail('CONFIRMATION_NEEDED', { action: `deleting all jobs of namespace "${name}"` })
    const { client } = await atCluster(context, 'uninstall namespace')
    const told = { client, out: edge.out }
    // First the label: the agent leaves by itself, before its identities are gone.
    try {
      const done = await labelNamespace(client, name, false)
      if (done === undefined) throw fail('NAMESPACE_NOT_FOUND', { namespace: name })
      edge.out(`namespace/${safe(name)} ${done}\n`)
    } catch (error) {
      if (!isStatus(error, 403)) throw error
      const command = `kubectl label namespace ${name} ${LABEL_ENABLED}-`
      throw fail('OPT_IN_FORBIDDEN', { namespace: name, reason: error.said, command }, error)
    }
    await deleteAll(told, (await listLabelled(client, PART_SELECTOR, name)).filter(isTenants))
    await removeTokenKey(told, name)
    const selectors = [`${LABEL_FOR_NAMESPACE}=${name}`, ...(name === CLUSTER_NAMESPACE ? [CLUSTER_ROLES] : [])]
    for (const selector of selectors) {
      try {
        const elsewhere = await listLabelled(client, selector)
        await deleteAll(
          told,
          elsewhere.filter(({ kind }) => kind !== 'Namespace'),
        )
      } catch (error) {
        if (!isStatus(error, 403)) throw error
        edge.err(
          warning(`rights that its jobs have elsewhere, if any, stay: this user may not look for them (label ${selector})`),
        )
      }
    }
    if (args['delete-jobs']) await removeJobs(told, name)
    else edge.err(`its jobs stay; to run them again: ${PROGRAM} install namespace ${safe(name)}\n`)
  },
})

const CLUSTER_ROLES = 'app.kubernetes.io/component=cluster-jobs'
