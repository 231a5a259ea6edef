import { dirname, isAbsolute, join } from 'node:path'
import type { Clock } from '../clock.ts'
import { fail, reasonOf } from '../errors.ts'
import type { Credential, Credentials } from './connection.ts'
import { type Entry, invalid } from './kubeconfig-entry.ts'

/** Runs a program without a shell and waits for its end. Rejects with ENOENT when there is none of that name. */
export type RunProgram = (
  command: string,
  args: readonly string[],
  /** `inheritEnv`: `env` is added to our own environment; `interactive`: it may read the terminal */
  options: { env: Record<string, string>; inheritEnv: true; interactive: boolean },
) => Promise<{ exitCode: number; stdout: string; stderr: string }>

export interface ExecOptions {
  run: RunProgram
  clock: Clock
  /** a person sits at the terminal and can be asked */
  interactive: boolean
  /** what goes to a program that asks for provideClusterInfo: `spec.cluster` of ExecCredential */
  cluster: () => Promise<Record<string, unknown>>
}

const API_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']
/** A token is renewed this long before its end, or after half its life when that is short: clocks differ, requests take time. */
const EARLY_MS = 60_000

/**
 * Credentials from a program (`users[].user.exec`), by the contract of client.authentication.k8s.io. Callers that ask at once
 * share one start of it. What it gives is kept until shortly before it expires, or until the server refuses it.
 */
export function execCredentials(exec: Entry, options: ExecOptions): Credentials {
  const plan = parsePlan(exec, options)
  let kept: { credential: Credential; renewAtMs: number } | undefined
  let running: Promise<Credential> | undefined

  const start = async () => {
    const answer = await runPlan(plan, options)
    kept = { credential: answer.credential, renewAtMs: renewAt(answer.expiresAt, options.clock) }
    return kept.credential
  }
  return {
    current() {
      if (kept && options.clock.now().getTime() < kept.renewAtMs) return Promise.resolve(kept.credential)
      running ??= start().finally(() => (running = undefined))
      return running
    },
    refused(used) {
      // another request may have brought a new one already
      const mine = kept?.credential
      const isSame = mine?.authorization === undefined ? mine?.cert === used.cert : mine.authorization === used.authorization
      if (isSame) kept = undefined
      return true
    },
  }
}

interface Plan {
  apiVersion: string
  command: string
  args: string[]
  env: Record<string, string>
  installHint: string | undefined
  wantsCluster: boolean
  interactive: boolean
}

function parsePlan(exec: Entry, options: ExecOptions): Plan {
  const apiVersion = exec.text('apiVersion') ?? ''
  if (!API_VERSIONS.includes(apiVersion))
    throw invalid(exec.place, `has apiVersion "${apiVersion}"; known are ${API_VERSIONS.join(', ')}`)
  const command = exec.text('command')
  if (command === undefined) throw invalid(exec.place, 'has no command')
  const mode = exec.text('interactiveMode') ?? 'IfAvailable'
  if (mode === 'Always' && !options.interactive)
    throw invalid(exec.place, `wants to ask a person, and nobody is there: run "${command}" by hand first`)
  const isRelative = /[/\\]/.test(command) && !isAbsolute(command)
  return {
    apiVersion,
    command: isRelative ? join(dirname(exec.place.file), command) : command,
    args: exec.texts('args'),
    env: Object.fromEntries(exec.maps('env').map((entry) => [entry.text('name') ?? '', entry.text('value') ?? ''])),
    installHint: exec.text('installHint')?.trim(),
    wantsCluster: exec.flag('provideClusterInfo'),
    interactive: options.interactive && mode !== 'Never',
  }
}

async function runPlan(plan: Plan, options: ExecOptions): Promise<{ credential: Credential; expiresAt: Date | undefined }> {
  const spec = { interactive: plan.interactive, ...(plan.wantsCluster ? { cluster: await options.cluster() } : {}) }
  const info = JSON.stringify({ kind: 'ExecCredential', apiVersion: plan.apiVersion, spec })
  const env = { ...plan.env, KUBERNETES_EXEC_INFO: info }
  const result = await options
    .run(plan.command, plan.args, { env, inheritEnv: true, interactive: plan.interactive })
    .catch((error: unknown) => {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      const remedy = (isMissing && plan.installHint) || `make "${plan.command}" work for this user`
      throw fail(
        'KUBE_CREDENTIALS',
        { command: plan.command, reason: isMissing ? 'it is not installed' : reasonOf(error), remedy },
        error,
      )
    })
  const refuse = (reason: string) =>
    fail('KUBE_CREDENTIALS', { command: plan.command, reason, remedy: 'run it by hand to see what it wants' })
  if (result.exitCode !== 0) throw refuse(`it ended with code ${result.exitCode}: ${lastLine(result.stderr)}`)
  return readAnswer(result.stdout, plan, refuse)
}

function readAnswer(
  stdout: string,
  plan: Plan,
  refuse: (reason: string) => Error,
): { credential: Credential; expiresAt: Date | undefined } {
  let answer: Partial<ExecCredential>
  try {
    answer = JSON.parse(stdout) as Partial<ExecCredential>
  } catch {
    throw refuse('what it printed is not JSON')
  }
  if (answer.kind !== 'ExecCredential' || answer.apiVersion !== plan.apiVersion)
    throw refuse(`it did not print an ExecCredential of ${plan.apiVersion}`)
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = answer.status ?? {}
  if (!token && !(cert && key)) throw refuse('it gave neither a token nor a certificate with its key')
  const expiresAt = expirationTimestamp ? new Date(expirationTimestamp) : undefined
  if (expiresAt && Number.isNaN(expiresAt.getTime())) throw refuse('its expirationTimestamp is not a time')
  return { credential: { authorization: token ? `Bearer ${token}` : undefined, cert, key }, expiresAt }
}

interface ExecCredential {
  kind: string
  apiVersion: string
  status?: { token?: string; clientCertificateData?: string; clientKeyData?: string; expirationTimestamp?: string }
}

function renewAt(expiresAt: Date | undefined, clock: Clock): number {
  if (!expiresAt) return Infinity
  const now = clock.now().getTime()
  const leftMs = expiresAt.getTime() - now
  return now + Math.max(leftMs / 2, leftMs - EARLY_MS)
}

const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? ''
