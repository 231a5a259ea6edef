import { randomBytes } from 'node:crypto'
import { fail, PROGRAM } from '../../core/errors.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import { AGENT_NAMESPACE, LABEL_ENABLED } from '../../core/names.ts'
import { TOKEN_KEY_BYTES } from '../../core/store/token-key.ts'
import { toYaml } from '../../core/yaml.ts'
import { atCluster } from '../install/at-cluster.ts'
import { applyAll, deleteAll } from '../install/apply-all.ts'
import { readWords } from '../install/install-flags.ts'
import { find } from '../install/installed.ts'
import { jobsOf, secretsOf } from '../install/jobs-of.ts'
import { labelNamespace } from '../install/removal.ts'
import { makeTokenKey } from '../install/token-key.ts'
import { ALLOWANCES, CLUSTER_NAMESPACE, credentialsRole, HOST_NAMESPACE, tenantObjects } from '../install/tenant.ts'
import { safe } from '../output/text.ts'
import { defineArgs, defineVerb } from '../verb.ts'

const ARGS = defineArgs({
  name: { type: 'positional', required: true, description: 'the namespace' },
  allow: {
    type: 'string',
    description: `what its bundles may do besides, with commas: ${ALLOWANCES.join(', ')}; default: nothing`,
    valueHint: 'RIGHT,…',
  },
  force: { type: 'boolean', description: 'take over fields that others own' },
  'dry-run': {
    type: 'enum',
    options: ['none', 'client'],
    description: 'client: print what would be applied, without asking a server',
  },
})

const RESERVED: readonly string[] = [AGENT_NAMESPACE, HOST_NAMESPACE]

export default defineVerb({
  usage: 'install namespace NAME [flags]',
  about:
    'Opts a namespace in: makes the two identities with which the agent works there, lets the one that keeps the store read the Secrets that jobs deliver with, and sets the label. Repeat it to change what is allowed.',
  examples: ['install namespace payments', 'install namespace payments --allow exec,secrets'],
  args: ARGS,
  lists: ['allow'],
  async run(context) {
    const { args, edge, list } = context
    const { name } = args
    if (RESERVED.includes(name)) throw fail('NAMESPACE_RESERVED', { namespace: name })
    const allow = readWords('install namespace', 'allow', list('allow'), ALLOWANCES)
    if (name === CLUSTER_NAMESPACE && allow.length > 0)
      throw fail('USAGE_FLAG_VALUE', {
        flag: '--allow',
        command: 'install namespace',
        reason: 'would hold in the whole cluster here: write such a ClusterRole yourself',
      })
    const objects = tenantObjects(edge.lib, name, allow)
    if (args['dry-run'] === 'client') return edge.out(objects.map(toYaml).join('---\n'))
    const { client } = await atCluster(context, 'install namespace')
    const told = { client, out: edge.out }
    if (name !== CLUSTER_NAMESPACE && (await isMissing(client, name))) throw fail('NAMESPACE_NOT_FOUND', { namespace: name })
    await applyAll(told, objects, args.force === true)
    await makeTokenKey({ ...told, err: edge.err }, name, randomBytes(TOKEN_KEY_BYTES).toString('hex'))
    const secrets = [...new Set((await jobsOf(client, name)).flatMap(({ spec }) => secretsOf(spec)))]
    if (secrets.length > 0) await applyAll(told, credentialsRole(name, secrets), args.force === true)
    else await deleteAll(told, credentialsRole(name, ['none']))
    await optIn(client, name, edge.out)
    const isGuarded = await find(client, 'ValidatingAdmissionPolicy', 'support-bundle-schedule-jobs').catch(() => undefined)
    if (!isGuarded) edge.err(unguarded(name))
  },
})

type Client = Parameters<typeof jobsOf>[0]

async function isMissing(client: Client, name: string): Promise<boolean> {
  try {
    return (await find(client, 'Namespace', name)) === undefined
  } catch (error) {
    if (isStatus(error, 403)) return false // not for this user to see
    throw error
  }
}

async function optIn(client: Client, name: string, out: (text: string) => void): Promise<void> {
  try {
    const done = await labelNamespace(client, name, true)
    if (done === undefined) throw fail('NAMESPACE_NOT_FOUND', { namespace: name })
    out(`namespace/${safe(name)} ${done}\n`)
  } catch (error) {
    if (!isStatus(error, 403)) throw error
    const command = `kubectl label namespace ${name} ${LABEL_ENABLED}=true`
    throw fail('OPT_IN_FORBIDDEN', { namespace: name, reason: error.said, command }, error)
  }
}

/** What holds without manifests/policy. */
const unguarded = (namespace: string): string =>
  `note: whoever may write ConfigMaps in "${safe(namespace)}" can now have bundles made with these rights, and delivered anywhere.\n` +
  `  To ask for a right of its own, "create jobs.support-bundle-schedule.io": ${PROGRAM} install --with policy\n`
