import { fail, PROGRAM } from '../../core/errors.ts'
import { inApplyOrder } from '../../core/kube/apply-kinds.ts'
import { toYaml } from '../../core/yaml.ts'
import { atCluster } from '../install/at-cluster.ts'
import { applyAll } from '../install/apply-all.ts'
import { continued, desiredObjects } from '../install/desired.ts'
import { INSTALL_ARGS, readInstallFlags } from '../install/install-flags.ts'
import { agentNamespace, findInstalled } from '../install/installed.ts'
import { waitReady } from '../install/wait-ready.ts'
import { defineArgs, defineVerb } from '../verb.ts'

const ARGS = defineArgs({
  ...INSTALL_ARGS,
  'dry-run': {
    type: 'enum',
    options: ['none', 'client'],
    description: 'client: print what would be applied, without asking a server',
  },
  output: { type: 'enum', alias: 'o', options: ['yaml'], description: 'with --dry-run=client: yaml, which is the default' },
})

export default defineVerb({
  usage: 'install [flags]   or   install namespace NAME',
  about: `Puts the agent into the cluster, by server-side apply: twice is once. It serves no namespace before one is opted in with "${PROGRAM} install namespace NAME".`,
  examples: [
    'install --wait',
    'install --image registry.example.com/support-bundle-schedule:0.1.0 --with policy,viewer',
    'install --namespaced payments',
  ],
  args: ARGS,
  lists: ['api-cidr', 'with'],
  async run(context) {
    const { args, edge, list } = context
    const flags = readInstallFlags('install', args, list('api-cidr'), list('with'))
    const wish = { ...flags, lib: edge.lib }
    if (args['dry-run'] === 'client') return edge.out(inApplyOrder(desiredObjects(wish)).map(toYaml).join('---\n'))
    if (args.output !== undefined)
      throw fail('USAGE_FLAG_VALUE', { flag: '-o', command: 'install', reason: 'goes with --dry-run=client' })
    const { client } = await atCluster(context, 'install')
    const before = await findInstalled(client, agentNamespace(flags.namespaced))
    if (before?.workload.kind === 'Deployment' && flags.components.includes('durable-outbox'))
      throw fail('USAGE_FLAG_VALUE', {
        flag: '--with',
        command: 'install',
        reason: `durable-outbox replaces the Deployment, whose kept bundles go with it: kubectl delete deployment ${before.workload.metadata.name} -n ${before.workload.metadata.namespace}`,
      })
    const objects = desiredObjects(continued(wish, before))
    await applyAll({ client, out: edge.out }, objects, args.force === true)
    const { timeoutMs } = flags
    if (args.wait) await waitReady(client, objects, { clock: edge.clock, timeoutMs, command: 'install', signal: edge.signal })
    if (flags.namespaced === undefined && !before) edge.err(`next: ${PROGRAM} install namespace NAME\n`)
  },
})
