import type { Installed } from '../install/desired.ts'
import type { CliEdge } from '../cli-edge.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { isFailure, reasonOf } from '../../core/errors.ts'
import { isStatus } from '../../core/kube/status-error.ts'

/** `note`: nothing is wrong, but one should know. */
export type Severity = 'error' | 'warning' | 'note'

export interface Finding {
  /** stays the same between versions */
  code: string
  severity: Severity
  /** what is wrong, and where */
  what: string
  why: string
  /** the command that mends it */
  fix: string
}

/** What the checks look at. */
export interface Patient {
  client: KubeClient
  edge: Pick<CliEdge, 'clock' | 'lib' | 'task' | 'signal'>
  /** of the local store, where plug-ins of the user are */
  folder: string
  /** where the agent is, or should be */
  home: string
  /** the agent, looked for once; undefined = this user may not look */
  installed: Promise<{ value: Installed | undefined } | undefined>
  /** it was installed with --namespaced */
  isNamespaced: boolean
  /** the namespaces to look at */
  namespaces: readonly string[]
  /** what this user may not look at, in the server's words */
  hidden: Set<string>
  /** the clock of the server before ours, in ms, as the first check finds it */
  skewMs: number
}

export interface Check {
  /** for the message when it could not be done */
  name: string
  find(patient: Patient): Promise<Finding[]>
}

/** What a look gave; undefined when this user may not look. `hidden` gets the server's words for that. */
export async function ifAllowed<Value>(look: () => Promise<Value>, hidden?: Set<string>): Promise<{ value: Value } | undefined> {
  try {
    return { value: await look() }
  } catch (error) {
    if (!isStatus(error, 403) && !isFailure(error, 'STORE_FORBIDDEN')) throw error
    hidden?.add(isStatus(error, 403) ? error.said : reasonOf(error))
    return undefined
  }
}
