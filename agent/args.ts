import { parseArgs } from 'node:util'
import { fail, reasonOf } from '../core/errors.ts'
import { AGENT_NAMESPACE } from '../core/names.ts'

/** How the CLI starts an agent: `agent --folder F [--log-file F] …`, or `--job J --request ID` to do one thing and end. */
export interface AgentArgs {
  folder: string
  config: string | undefined
  logLevel: string | undefined
  /** written by a daemon in the background; without it the log goes to stdout */
  isBackground: boolean
  logFile: string | undefined
  checkInterval: string | undefined
  maxConcurrent: string | undefined
  request: { job: string; id: string } | undefined
  /** work on a cluster: as the pod's ServiceAccount, or as a kubeconfig says */
  cluster:
    | {
        kubeconfig: string | undefined
        context: string | undefined
        namespace: string
        host: string
        /** base of the folders that tasks work in; else the agent's own folder */
        work: string | undefined
        /** socket of the runner; else tasks are children of the agent */
        runner: string | undefined
        /** plug-ins of the cluster's administrator */
        plugins: string | undefined
        /** this pod, by name and uid */
        replica: { name: string; uid: string } | undefined
      }
    | undefined
}

const text = { type: 'string' } as const
const OPTIONS = {
  folder: text,
  config: text,
  'log-level': text,
  'log-file': text,
  'check-interval': text,
  'max-concurrent': text,
  background: { type: 'boolean' },
  job: text,
  request: text,
  cluster: { type: 'boolean' },
  kubeconfig: text,
  context: text,
  namespace: text,
  host: text,
  work: text,
  runner: text,
  plugins: text,
  identity: text,
  replica: text,
} as const

/** Throws USAGE_ARGUMENTS. */
export function readArgs(argv: readonly string[]): AgentArgs {
  try {
    const { values } = parseArgs({ args: [...argv], options: OPTIONS, strict: true })
    if (values.folder === undefined) throw new Error('needs --folder')
    if ((values.job === undefined) !== (values.request === undefined)) throw new Error('takes --job and --request together')
    return {
      folder: values.folder,
      config: values.config,
      logLevel: values['log-level'],
      isBackground: values.background === true,
      logFile: values['log-file'],
      checkInterval: values['check-interval'],
      maxConcurrent: values['max-concurrent'],
      cluster: values.cluster
        ? {
            kubeconfig: values.kubeconfig,
            context: values.context,
            namespace: values.namespace ?? AGENT_NAMESPACE,
            host: values.host ?? '0.0.0.0',
            work: values.work,
            runner: values.runner,
            plugins: values.plugins,
            replica: replicaOf(values.replica, values.identity),
          }
        : undefined,
      request: values.job !== undefined && values.request !== undefined ? { job: values.job, id: values.request } : undefined,
    }
  } catch (error) {
    throw fail(
      'USAGE_ARGUMENTS',
      { command: 'agent', reason: reasonOf(error), usage: 'agent --folder FOLDER [--background]' },
      error,
    )
  }
}

function replicaOf(name: string | undefined, uid: string | undefined) {
  if ((name === undefined) !== (uid === undefined)) throw new Error('takes --replica and --identity together')
  return name === undefined || uid === undefined ? undefined : { name, uid }
}
