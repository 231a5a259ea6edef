import { fail, PROGRAM } from '../../core/errors.ts'
import { sizeBytes } from '../../core/quantity.ts'
import { checkDuration, checkSize, readAuto, readTime } from '../flag-values.ts'
import { OUTPUT, readFormat } from '../output/format.ts'
import { defineArgs, defineVerb, type VerbContext } from '../verb.ts'

const ARGS = defineArgs({
  spec: {
    type: 'positional',
    required: false,
    valueHint: '...',
    description:
      'troubleshoot specs: files, addresses, secret/NAMESPACE/NAME, configmap/NAMESPACE/NAME, - for stdin; none = the basics of this machine',
  },
  'load-cluster-specs': {
    type: 'boolean',
    description: 'also the specs that Secrets and ConfigMaps of the cluster carry, found by label',
  },
  selector: {
    type: 'string',
    alias: 'l',
    description: 'label of the objects that --load-cluster-specs looks for; default: troubleshoot.sh/kind=support-bundle',
    valueHint: 'LABEL',
  },
  auto: {
    type: 'string',
    description:
      'add to the specs what a profile looks for: minimal, standard, comprehensive or paranoid; without one it is standard',
    valueHint: '[=PROFILE]',
  },
  since: { type: 'string', description: 'logs begin so long ago, whatever the specs say', valueHint: 'DURATION' },
  'since-time': { type: 'string', description: 'logs begin there: RFC 3339, like 2026-01-31T02:00:00Z', valueHint: 'TIME' },
  uri: { type: 'boolean', default: true, description: 'take the newer version of a spec that its "uri" names' },
  strict: { type: 'boolean', description: 'unknown and misplaced keys are errors' },
  to: {
    type: 'string',
    description: 'file, with .tar.gz, or folder for the bundle; default: the current folder',
    valueHint: 'PATH',
  },
  analyze: { type: 'boolean', default: true, description: 'analyze what was collected' },
  timeout: { type: 'string', default: '30m', description: 'longest time for collecting', valueHint: 'DURATION' },
  memory: { type: 'string', default: '1Gi', description: 'limit for the collecting process', valueHint: 'SIZE' },
  'host-image': {
    type: 'string',
    description: 'image of the pods by which host collectors look at nodes, for specs with "runHostCollectorsInPod"',
    valueHint: 'IMAGE',
  },
  output: OUTPUT,
})

export default defineVerb({
  usage: 'collect [SPEC…] [flags]',
  about:
    'Collects a bundle now, without a job: of this machine, and of the cluster of the kubeconfig where a spec or --auto asks for it. Prints where the bundle is. Exit code 7 when nothing worked.',
  examples: [
    'collect',
    'collect support-bundle.yaml --to /tmp/',
    'collect - < support-bundle.yaml',
    'collect --auto -n payments',
  ],
  args: ARGS,
  async run(context) {
    const { args, edge } = context
    const format = await readFormat(args.output, 'collect')
    checkFlags(context)
    const auto = readAuto('collect', args.auto)
    const memoryBytes = sizeBytes(args.memory)
    const slot = edge.clock.now()
    // It starts while what else is needed is loaded, and specs and the kubeconfig are read.
    const dropTask = await edge.warmTask?.(memoryBytes)
    try {
      const { collectNow } = await import('../collect-now.ts')
      return await collectNow(context, { format, auto, memoryBytes, slot })
    } finally {
      dropTask?.()
    }
  },
})

export type CollectContext = VerbContext<typeof ARGS>

function checkFlags({ args, words }: VerbContext<typeof ARGS>): void {
  checkDuration('collect', 'timeout', args.timeout, '90s or 30m', 1000)
  checkSize('collect', 'memory', args.memory)
  checkDuration('collect', 'since', args.since, '24h')
  if (args['since-time'] !== undefined) readTime('collect', 'since-time', args['since-time'])
  if (args.since !== undefined && args['since-time'] !== undefined)
    throw fail('USAGE_ARGUMENTS', {
      command: 'collect',
      reason: 'takes --since or --since-time, not both',
      usage: `${PROGRAM} collect --since 24h`,
    })
  if (args.selector !== undefined && !args['load-cluster-specs'])
    throw fail('USAGE_ARGUMENTS', {
      command: 'collect',
      reason: 'takes --selector only with --load-cluster-specs',
      usage: `${PROGRAM} collect --load-cluster-specs --selector app=shop`,
    })
  if (words.filter((name) => name === '-').length > 1)
    throw fail('USAGE_ARGUMENTS', { command: 'collect', reason: 'can read stdin only once', usage: `${PROGRAM} collect -` })
}
