import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Makes a folder and those above it: for a task to work in, or to read from. */
export type OpenFolder = (path: string, use: 'work' | 'read') => Promise<void>

/** Where an agent keeps what is not in the store. All below one folder, 0700, unless tasks run as another user. */
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
  /** facts of runs, for later ones to be compared with */
  drift: string
  /** pid file, token, cache: made anew at each start */
  state: string
  plugins: string
  open: OpenFolder
}

/** What of them lies elsewhere in a pod. */
export interface PodFolders {
  /** of one namespace, kept apart from all others */
  namespace: string
  /** base of what tasks work with */
  work?: string
  plugins?: string
  open?: OpenFolder
}

export const openOwn: OpenFolder = async (path) => void (await mkdir(path, { recursive: true, mode: 0o700 }))

/** On one computer all of it is below `base`; in a pod only what the agent keeps to itself. */
export function agentFolders(base: string, pod?: PodFolders): AgentFolders {
  const below = (folder: string) => (pod ? join(folder, 'namespaces', pod.namespace) : folder)
  const [own, shared] = [below(base), below(pod?.work ?? base)]
  return {
    base,
    work: join(shared, 'work'),
    bundles: join(shared, 'bundles'),
    outbox: join(shared, 'outbox'),
    runLogs: join(own, 'logs', 'runs'),
    drift: join(own, 'drift'),
    state: join(base, 'state'),
    plugins: pod?.plugins ?? join(base, 'plugins'),
    open: pod?.open ?? openOwn,
  }
}
