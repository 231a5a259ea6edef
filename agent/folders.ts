import { join } from 'node:path'

/** Where an agent keeps what is not in the store. All below one folder, 0700. */
export interface AgentFolders {
  base: string
  /** one folder for each run under way; removed after it */
  work: string
  /** archives that stay on this machine: `bundles/<job>/<file>` */
  bundles: string
  /** archives on their way: `outbox/<run>/<file>`, with what uploaders keep between tries */
  outbox: string
  /** one log for each run */
  runLogs: string
  /** pid file, token, cache: made anew at each start */
  state: string
  plugins: string
}

/** `namespace`: what runs of one namespace make is kept apart from that of all others. */
export function agentFolders(base: string, namespace?: string, plugins = join(base, 'plugins')): AgentFolders {
  const own = namespace === undefined ? base : join(base, 'namespaces', namespace)
  return {
    base,
    work: join(own, 'work'),
    bundles: join(own, 'bundles'),
    outbox: join(own, 'outbox'),
    runLogs: join(own, 'logs', 'runs'),
    state: join(base, 'state'),
    plugins,
  }
}
