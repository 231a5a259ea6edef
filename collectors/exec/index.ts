import { type CollectorContext, CONTRACT, defineCollector, type Output, warning } from '../../core/contract/index.ts'
import { type ExecTarget, execTarget, notListed, POD_EXEC_PERMISSIONS, selectedPods } from '../../core/contract/pods/index.ts'
import { commandFiles } from './command-files.ts'
import { ExecConfig } from './schema.ts'

export default defineCollector<ExecConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'exec',
    version: '1.0.0',
    summary: 'what a command in a container prints',
    specKey: 'exec',
    permissions: POD_EXEC_PERMISSIONS,
    outputs: ['$name'],
  },
  configSchema: ExecConfig,
  async *collect(context) {
    const { config, signal } = context
    signal.throwIfAborted()
    const problems: unknown[] = []
    const { first, running } = await findTarget(context, (problem) => problems.push(problem))
    signal.throwIfAborted()
    yield* notListed(config, 'EXEC_MISSING', problems)
    yield* told(first, running, problems.length > 0)
    const target = running ?? first
    if (target) yield* commandFiles(context, target)
  },
})

/** The first pod that the entry means, and the first of them that runs: no other is looked at. */
async function findTarget(
  context: CollectorContext<ExecConfig>,
  tell: (problem: unknown) => void,
): Promise<{ first?: ExecTarget; running?: ExecTarget }> {
  let first: ExecTarget | undefined
  for await (const pod of selectedPods(context, tell)) {
    const target = execTarget(pod, context.config.containerName)
    first ??= target
    if (target.whyNot === undefined) return { first, running: target }
  }
  return first ? { first } : {}
}

function* told(first: ExecTarget | undefined, running: ExecTarget | undefined, isListed: boolean): Generator<Output> {
  if (!first && !isListed) yield warning('EXEC_NO_POD', 'no pod has these labels: the command was not run')
  if (!first || !running || running === first) return
  const instead = `the command runs in ${running.namespace}/${running.name} instead`
  yield warning('EXEC_PASSED_OVER', `pod ${first.namespace}/${first.name} is passed over, since ${first.whyNot}: ${instead}`)
}
