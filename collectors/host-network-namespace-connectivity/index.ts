import {
  CONTRACT,
  defineHostCollector,
  type HostContext,
  indentedJson,
  reasonLine,
  runTool,
  warning,
} from '../../core/contract/index.ts'
import {
  addressesOf,
  type Command,
  connectNamespace,
  dropNamespace,
  failureOf,
  holdNamespace,
  type Protocol,
  tryFrom,
} from './plan.ts'
import { NetworkNamespaceConnectivityConfig } from './schema.ts'

type Context = HostContext<NetworkNamespaceConnectivityConfig>

export default defineHostCollector<NetworkNamespaceConnectivityConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-network-namespace-connectivity',
    version: '1.0.0',
    summary: 'whether this machine forwards between two network namespaces, over TCP and UDP',
    specKey: 'networkNamespaceConnectivity',
    permissions: [],
    outputs: ['host-collectors/system'],
    platforms: ['linux'],
  },
  configSchema: NetworkNamespaceConnectivityConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { fromCIDR, toCIDR, collectorName } = context.config
    const trial = new Trial(context)
    try {
      await trial.run()
    } finally {
      await trial.clear()
    }
    context.signal.throwIfAborted()
    const { errors, logs } = trial
    const failures = Object.values(errors).filter((error) => error !== '')
    const path = `host-collectors/system/${collectorName || 'networkNamespaceConnectivity'}.json`
    const success = failures.length === 0
    yield indentedJson(path, { from_cidr: fromCIDR, to_cidr: toCIDR, errors, output: { logs }, success })
    if (!success) yield warning('NAMESPACES_NOT_CONNECTED', `from ${fromCIDR} to ${toCIDR}: ${failures[0]}`)
  },
})

const PORT = 8080
const TIMEOUT_MS = 5_000
/** How long the namespaces live when nobody ends them, besides the tries. */
const LIFE_S = 60

/** Two namespaces, and what is tried between them. */
class Trial {
  readonly errors = {
    from_cidr_creation: '',
    to_cidr_creation: '',
    udp_client: '',
    udp_server: '',
    tcp_client: '',
    tcp_server: '',
  }
  readonly logs: string[] = []
  readonly #context: Context
  readonly #seconds: number
  readonly #held: string[] = []

  constructor(context: Context) {
    this.#context = context
    this.#seconds = (context.config.timeout || TIMEOUT_MS) / 1000
  }

  async run(): Promise<void> {
    const { fromCIDR, toCIDR, port } = this.#context.config
    const user = await runTool(this.#context, 'id', ['-u'])
    if (typeof user !== 'string' || user.trim() !== '0') {
      this.errors.from_cidr_creation = typeof user === 'string' ? 'only root may make network namespaces' : user.message
      return
    }
    const from = await this.#create('from', fromCIDR)
    const to = from && (await this.#create('to', toCIDR))
    if (!from || !to) return
    const address = addressesOf(toCIDR).inside
    for (const protocol of ['udp', 'tcp'] satisfies Protocol[]) {
      this.#log(`reaching to "${address}" from "${addressesOf(fromCIDR).inside}" with ${protocol}`)
      const failure = await this.#exec(tryFrom(from, protocol, address, port || PORT, this.#seconds)).then(failureOf, reasonLine)
      this.#context.signal.throwIfAborted()
      if (failure !== undefined) this.errors[`${protocol}_client`] = failure
    }
    this.#log('network namespace connectivity test finished')
  }

  async clear(): Promise<void> {
    // After an abort nothing can be run: the namespaces end by themselves.
    for (const pid of this.#held) await this.#exec(dropNamespace(pid)).catch(() => undefined)
  }

  /** The process that holds the new namespace; undefined when there is none, and the error says why. */
  async #create(side: 'from' | 'to', cidr: string): Promise<string | undefined> {
    this.#log(`creating network namespace "${side}" with cidr "${cidr}"`)
    try {
      const { signal } = this.#context
      const pid = (await this.#done(holdNamespace(Math.ceil(LIFE_S + 4 * this.#seconds)))).trim()
      if (!/^\d+$/.test(pid)) throw new Error('unshare gave no process')
      this.#held.push(pid)
      for (const command of connectNamespace(pid, addressesOf(cidr))) await this.#done(command)
      signal.throwIfAborted()
      return pid
    } catch (error) {
      this.#context.signal.throwIfAborted()
      this.errors[`${side}_cidr_creation`] = reasonLine(error)
      return undefined
    }
  }

  async #done(command: Command): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#exec(command)
    if (exitCode === 0) return stdout
    throw new Error(`${command.slice(0, 3).join(' ')}: ${stderr.trim().split('\n')[0] || `it ended with code ${exitCode}`}`)
  }

  #exec([program, ...args]: Command) {
    return this.#context.host.exec(program, args, { timeoutMs: 10_000 + 2_000 * this.#seconds })
  }

  #log(text: string): void {
    this.logs.push(`[${this.#context.clock.now().toISOString()}] ${text}`)
  }
}
