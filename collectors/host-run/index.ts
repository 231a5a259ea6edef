import {
  CONTRACT,
  defineHostCollector,
  HOST_ERRORS,
  type HostContext,
  hostFailure,
  type HostExecOptions,
  jsonFile,
  warning,
} from '../../core/contract/index.ts'
import { RunConfig } from './schema.ts'

export default defineHostCollector<RunConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-run',
    version: '1.0.0',
    summary: 'what a command prints',
    specKey: 'run',
    permissions: [],
    outputs: ['host-collectors/run-host', HOST_ERRORS],
    platforms: ['linux', 'darwin'],
  },
  configSchema: RunConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { collectorName, command, args } = context.config
    const path = `host-collectors/run-host/${collectorName || 'run-host'}`
    const { stdout, stderr, ...ended } = await outcome(context)
    if (ended.exitCode === '-1')
      yield* hostFailure(context, 'Run Host', warning('HOST_COMMAND_NOT_RUN', `${command}: ${ended.error}`))
    yield { type: 'file', path: `${path}.txt`, format: 'text', body: stdout }
    if (stderr !== '') yield { type: 'file', path: `${path}-stderr.txt`, format: 'text', body: stderr }
    yield jsonFile(`${path}-info.json`, {
      command: [command, ...args].join(' '),
      ...ended,
      outputDir: '',
      input: '',
      env: namesOf(context.config),
    })
  },
})

/** The command's end in the peer's words: the exit code as text, "-1" when there is none. */
async function outcome(
  context: HostContext<RunConfig>,
): Promise<{ stdout: string; stderr: string; exitCode: string; error: string }> {
  const { command, args } = context.config
  try {
    const { stdout, stderr, exitCode } = await context.host.exec(command, args, execOptions(context.config))
    context.signal.throwIfAborted()
    const error = exitCode < 0 ? stderr || 'ended by a signal' : stderr
    return { stdout, stderr, exitCode: String(exitCode), error: exitCode === 0 ? '' : error }
  } catch (error) {
    context.signal.throwIfAborted()
    return { stdout: '', stderr: '', exitCode: '-1', error: error instanceof Error ? error.message : String(error) }
  }
}

/** The peer hands its whole environment to the command; ours keeps what is in it, credentials above all, to itself. */
function execOptions({ env, timeout, ...config }: RunConfig): HostExecOptions {
  const limit = timeout > 0 ? { timeoutMs: timeout } : {}
  const inheritEnv = config.ignoreParentEnvs ? [] : config.inheritEnvs
  if (env.length === 0 && inheritEnv.length === 0) return limit
  const pairs = env.map((entry) => [nameOf(entry), entry.slice(entry.indexOf('=') + 1)])
  return { ...limit, env: Object.fromEntries(pairs), inheritEnv: ['PATH', ...inheritEnv] }
}

/** Values may be secrets, and what a variable's value is says no redaction rule for sure: the bundle gets the names. */
function namesOf({ env, inheritEnvs, ignoreParentEnvs }: RunConfig): string[] {
  return [...(ignoreParentEnvs ? [] : inheritEnvs), ...env.map(nameOf)].map((name) => `${name}=***HIDDEN***`)
}

function nameOf(entry: string): string {
  return entry.slice(0, entry.indexOf('='))
}
