import { EXIT } from '../../core/errors.ts'
import { atCluster } from '../install/at-cluster.ts'
import { examine } from '../doctor/doctor.ts'
import { type Finding, ifAllowed } from '../doctor/finding.ts'
import { agentNamespace, findInstalled, optedIn } from '../install/installed.ts'
import { OUTPUT, readFormat, show } from '../output/format.ts'
import { safe } from '../output/text.ts'
import { defineArgs, defineVerb } from '../verb.ts'

const ARGS = defineArgs({
  'all-namespaces': { type: 'boolean', alias: 'A', description: 'all namespaces that are opted in, as without -n' },
  namespaced: {
    type: 'string',
    description: 'the namespace of an agent that was installed with --namespaced',
    valueHint: 'NAMESPACE',
  },
  output: OUTPUT,
})

export default defineVerb({
  usage: 'doctor [flags]',
  about:
    'Looks for what keeps jobs from being run: the agent, its rights and its Lease, identities of namespaces, upload credentials, jobs, plug-ins, clocks and time zones. Each finding has the command that mends it. Exit code 1 when something is wrong; notes do not count.',
  examples: ['doctor', 'doctor -n payments', 'doctor -o json'],
  args: ARGS,
  async run(context) {
    const { args, edge, folder } = context
    const format = await readFormat(args.output, 'doctor')
    const { client, namespace } = await atCluster(context, 'doctor')
    const hidden = new Set<string>()
    const named = args.namespaced ?? (args['all-namespaces'] ? undefined : args.namespace)
    // Who may not list namespaces looks at the one that other commands would look at.
    const namespaces = named === undefined ? ((await ifAllowed(() => optedIn(client), hidden))?.value ?? [namespace]) : [named]
    const home = agentNamespace(args.namespaced)
    const findings = await examine({
      client,
      edge,
      folder,
      home,
      installed: ifAllowed(() => findInstalled(client, home), hidden),
      isNamespaced: args.namespaced !== undefined,
      namespaces,
      hidden,
      skewMs: 0,
    })
    const isWell = findings.every(({ severity }) => severity === 'note')
    edge.out(
      await show(format, { data: { items: findings }, names: findings.map(({ code }) => code), table: () => told(findings) }),
    )
    if (isWell) edge.err(`nothing is wrong; namespaces looked at: ${safe(namespaces.join(', ') || 'none is opted in')}\n`)
    return isWell ? EXIT.ok : EXIT.failed
  },
})

/** A finding takes a few lines: columns would be wider than any terminal. */
const told = (findings: readonly Finding[]): string =>
  findings
    .map(
      ({ code, severity, what, why, fix }) =>
        `${severity.toUpperCase()} ${safe(code)}: ${safe(what)}\n  why: ${safe(why)}\n  fix: ${safe(fix)}\n`,
    )
    .join('')
