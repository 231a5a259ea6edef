import { posix } from 'node:path'
import {
  type CollectorContext,
  CONTRACT,
  defineCollector,
  indentedJson,
  missing,
  type Output,
  warning,
} from '../../core/contract/index.ts'
import {
  type ExecTarget,
  execTarget,
  notListed,
  POD_EXEC_PERMISSIONS,
  selectedPods,
  tarFiles,
} from '../../core/contract/pods/index.ts'
import { CopyConfig } from './schema.ts'

export default defineCollector<CopyConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'copy',
    version: '1.0.0',
    summary: 'files and folders of containers',
    specKey: 'copy',
    permissions: POD_EXEC_PERMISSIONS,
    outputs: ['$name'],
  },
  configSchema: CopyConfig,
  async *collect(context) {
    const { config, signal } = context
    signal.throwIfAborted()
    const problems: unknown[] = []
    let pods = 0
    for await (const pod of selectedPods(context, (problem) => problems.push(problem))) {
      pods++
      yield* copied(context, execTarget(pod, config.containerName))
    }
    signal.throwIfAborted()
    yield* notListed(config, 'COPY_MISSING', problems)
    if (problems.length === 0 && pods === 0) yield warning('COPY_NO_POD', 'no pod has these labels: nothing was copied')
  },
})

/** The files of one pod, and a file that says what went wrong. */
async function* copied({ config, kube, signal }: CollectorContext<CopyConfig>, target: ExecTarget): AsyncGenerator<Output> {
  const { containerPath, containerName } = config
  const pod = `${target.namespace}/${target.name}`
  const below = joined(config.name, target.namespace, target.name, containerName)
  const failed = (message: string, stderr = '') =>
    indentedJson(`${joined(below, containerPath)}-errors.json`, {
      [`${containerPath}/error`]: message,
      ...(stderr ? { [`${containerPath}/stderr`]: stderr } : {}),
    })
  if (target.whyNot !== undefined) {
    yield failed(`nothing can be copied: ${target.whyNot}`)
    return yield warning('COPY_PASSED_OVER', `pod ${pod} is passed over, since ${target.whyNot}`)
  }
  const [folder, name] = [posix.dirname(containerPath), posix.basename(containerPath)]
  const { files, error, stderr } = yield* tarFiles({ kube, signal, target, folder, name }, joined(below, folder))
  if (error) {
    yield failed(error.message, stderr)
    yield missing('COPY_FAILED', `${pod}: ${containerPath}: ${error.message}`, [error.thrown])
  } else if (files === 0) yield warning('COPY_NOTHING_FOUND', `${pod}: there are no files in ${containerPath}`)
}

const joined = (...parts: string[]) =>
  parts
    .flatMap((part) => part.split('/'))
    .filter((part) => part !== '' && part !== '.')
    .join('/')
