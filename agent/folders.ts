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

export function agentFolders(base: string): AgentFolders {
  return {
    base,
    work: join(base, 'work'),
    bundles: join(base, 'bundles'),
    outbox: join(base, 'outbox'),
    runLogs: join(base, 'logs', 'runs'),
    state: join(base, 'state'),
    plugins: join(base, 'plugins'),
  }
}
