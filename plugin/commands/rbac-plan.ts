import { fail } from '../../core/errors.ts'
import { type JobSpec, readJob, showIssues } from '../../core/job.ts'
import { createConfigMapStore } from '../../core/store/config-map-store.ts'
import { parseYaml, toYaml } from '../../core/yaml.ts'
import { atCluster } from '../install/at-cluster.ts'
import { inNamespace } from '../in-namespace.ts'
import { applyAll } from '../install/apply-all.ts'
import { wantedRights } from '../install/collected-rights.ts'
import { builtInPermissions, planRights } from '../install/rbac-plan.ts'
import { showRight } from '../install/rules.ts'
import { findJob } from '../jobs.ts'
import { safe, safeLines, warning } from '../output/text.ts'
import { jobSources } from '../spec-sources.ts'
import { autoOf, inspect } from '../specs.ts'
import { defineArgs, defineVerb, type VerbContext } from '../verb.ts'

const ARGS = defineArgs({
  job: { type: 'positional', required: true, description: 'name or id of the job' },
  apply: { type: 'boolean', description: 'apply what is missing' },
  force: { type: 'boolean', description: 'with --apply: take over fields that others own' },
  'cluster-wide': { type: 'boolean', description: 'also kinds of the whole cluster, for a job that looks in single namespaces' },
})

export default defineVerb({
  usage: 'rbac plan JOB [flags]',
  about:
    'Prints the Roles that a job lacks: what its collectors declare, for the namespaces that they look in, and its upload credentials. What is granted already is left out.',
  examples: ['rbac plan nightly -n payments', 'rbac plan nightly -n payments --apply'],
  args: ARGS,
  async run(context) {
    const { args, edge } = context
    const { client, namespace } = await atCluster(context, 'rbac plan')
    const onProblem = ({ message }: { message: string }) => edge.err(warning(message))
    const store = inNamespace(createConfigMapStore({ client, onProblem }), namespace)
    const stored = await findJob(store, args.job)
    const { value, issues } = parseYaml(stored.text)
    const { spec, issues: wrong } = issues.length > 0 ? { spec: undefined, issues: [] } : readJob(value)
    if (!spec) throw fail('JOB_INVALID', { source: stored.name, issues: issues[0]?.message ?? showIssues(wrong) })
    const job = { namespace, name: stored.name, spec }
    const wanted = wantedRights(
      job,
      await readSpecs(context, namespace, spec),
      builtInPermissions(edge.lib),
      args['cluster-wide'] === true,
    )
    for (const key of wanted.unknown) edge.err(warning(`what the collector "${key}" needs is not known here; its README tells`))
    for (const { right, reason, collectors } of wanted.leftOut)
      edge.err(safe(`left out: ${showRight(right)} (${collectors.join(', ')}): ${reason}`) + '\n')
    const plan = await planRights(client, job, wanted.rights)
    if (plan.isUnsure) edge.err(warning('this user may not ask what is granted already: all that is needed is shown'))
    if (plan.missing === 0) return edge.err(`nothing is missing: all ${plan.granted} rights are granted\n`)
    edge.err(`${plan.missing} rights are missing, ${plan.granted} are granted\n`)
    if (args.apply) return applyAll({ client, out: edge.out }, plan.objects, args.force === true)
    edge.out(safeLines(plan.objects.map(toYaml).join('---\n')))
  },
})

/** The job's specs and what its profile adds, as the task program reads them. What is wrong with them is a warning: rights are planned all the same. */
async function readSpecs(context: VerbContext<typeof ARGS>, namespace: string, spec: JobSpec): Promise<unknown[]> {
  const { edge, folder } = context
  const { specs, auto } = spec.collect
  if (specs.length === 0 && !auto) return []
  const sources = await jobSources(context, namespace, specs)
  const read = await inspect(edge, folder, { sources, targets: [], ...autoOf(spec, namespace) })
  for (const { message, severity } of read.issues) if (severity === 'error') edge.err(warning(message))
  return read.auto === undefined ? read.documents : [...read.documents, read.auto]
}
