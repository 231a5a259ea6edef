import type { Clock } from '../core/clock.ts'
import type { ProcessTable } from '../core/store/process-table.ts'
import type { Store } from '../core/store/store.ts'
import type { SuperviseOptions, TaskOutcome } from '../core/supervise.ts'
import type { TaskName, TaskRequest, TaskResults } from '../core/task.ts'

/** The process and the machine, as verbs see them. Made by main.ts; a test makes its own. */
export interface CliEdge {
  /** data goes to stdout, talk to stderr */
  out(text: string): void
  err(text: string): void
  /** stderr is a terminal: progress may be drawn in place */
  isTty: boolean
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  home: string
  clock: Clock
  nodeVersion: string
  /** version of the time zone database inside Node.js */
  zoneData: string
  /** Ctrl-C */
  signal: AbortSignal
  newId(): string
  readStdin(): Promise<string>
  processes(): ProcessTable
  /** the local store in a folder */
  fileStore(folder: string): Promise<Store>
  /** starts the task program for one request */
  task<Name extends TaskName>(
    request: Extract<TaskRequest, { task: Name }>,
    options: Omit<SuperviseOptions, 'clock'>,
  ): Promise<TaskOutcome<TaskResults[Name]>>
  /** Starts the agent program. In the background: resolves when it is ready, or has failed with what it said. */
  agent(
    args: string[],
    how: 'foreground' | 'background' | 'quiet',
  ): Promise<{ pid: number; exitCode: number | undefined; said: string }>
  /** sends a signal to a process of ours */
  kill(pid: number, signal: 'SIGTERM' | 'SIGHUP' | 'SIGKILL'): void
}
