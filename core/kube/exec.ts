import { type Duplex, Readable } from 'node:stream'
import type { Clock } from '../clock.ts'
import { fail } from '../errors.ts'
import { ChannelSocket } from './channel-socket.ts'
import type { KubeClient } from './client.ts'
import { FirstBytes } from './first-bytes.ts'
import { resourcePath } from './path.ts'
import { openWebSocket } from './websocket.ts'

/** A command for a container of a pod. It is run as it is, without a shell. */
export interface PodCommand {
  namespace: string
  pod: string
  /** default: the one that the pod's annotation names, else its first */
  container?: string | undefined
  command: readonly string[]
  stdin?: AsyncIterable<Uint8Array> | undefined
}

/** A command that runs. Nothing of it is unheard: a failure comes to whoever reads `stdout`, and to `exitCode`. */
export interface RunningCommand {
  /** Read it first, or give it up: unread, it holds up the command once a buffer is full. To leave off reading ends the connection. */
  stdout: AsyncIterable<Uint8Array>
  /** The first megabyte, once the command has ended; of one that failed or was cut off, what came before. Never throws. */
  stderr: AsyncIterable<Uint8Array>
  exitCode: Promise<number>
}

/** The kubelet's channels, the first byte of each message; version 5 can also say that one of them ends. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, closed: 255 } as const
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const
const MAX_STDERR_BYTES = 2 ** 20
/** Of how the command ended: a Status is small. */
const MAX_STATUS_BYTES = 64 * 1024

/**
 * Runs a command in a container, through the API server. It takes `get` and, from Kubernetes 1.35 on, `create` on `pods/exec`.
 * When the connection ends early the kubelet closes the command's streams; whether it then ends is up to the command.
 *
 * @throws KubeStatusError, CLUSTER_UNREACHABLE, EXEC_FAILED, or the signal's reason; later troubles come as EXEC_FAILED to its reader
 */
export async function execInPod(client: KubeClient, what: PodCommand, signal?: AbortSignal): Promise<RunningCommand> {
  const path = resourcePath({ version: 'v1', namespace: what.namespace, plural: 'pods', name: what.pod, subresource: 'exec' })
  const command = what.command.map((word) => `command=${encodeURIComponent(word)}`).join('&')
  const { socket, protocol } = await openWebSocket(client, {
    path: `${path}?${command}`,
    query: { container: what.container, stdin: what.stdin !== undefined, stdout: true, stderr: true },
    protocols: PROTOCOLS,
    purpose: 'run commands',
    signal,
  })
  const running = new Execution(socket, client.clock, what)
  if (signal) running.endWith(signal)
  if (what.stdin) {
    if (protocol === PROTOCOLS[0]) void running.feed(what.stdin)
    else running.failWith('this server cannot end the input of a command: that takes Kubernetes 1.30')
  }
  return running
}

class Execution implements RunningCommand {
  readonly exitCode: Promise<number>
  readonly stdout: Readable
  readonly stderr: AsyncIterable<Uint8Array>
  readonly #channels: ChannelSocket
  readonly #what: PodCommand
  readonly #complaints = new FirstBytes(MAX_STDERR_BYTES)
  readonly #status = new FirstBytes(MAX_STATUS_BYTES)
  #isOver = false
  #settle: { resolve: (code: number) => void; reject: (error: unknown) => void } | undefined

  constructor(socket: Duplex, clock: Clock, what: PodCommand) {
    this.#what = what
    this.exitCode = new Promise((resolve, reject) => void (this.#settle = { resolve, reject }))
    this.exitCode.catch(() => undefined)
    this.#channels = new ChannelSocket(socket, clock, {
      onBytes: (channel, bytes) => this.#take(channel, bytes),
      onEnd: (reason) => this.#end(reason),
    })
    this.stdout = new Readable({
      read: () => this.#channels.resume(),
      destroy: (error, done) => {
        this.failWith('nobody read on')
        done(error)
      },
    }).on('error', () => undefined)
    this.stderr = this.#readComplaints()
  }

  endWith(signal: AbortSignal): void {
    const stop = () => this.#fail(signal.reason as Error)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    const forget = () => signal.removeEventListener('abort', stop)
    this.exitCode.then(forget, forget)
  }

  /** Hands the command its input, and says when it ends. */
  async feed(stdin: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const piece of stdin) {
        if (this.#isOver) return
        await this.#channels.send(CHANNEL.stdin, piece)
      }
      if (!this.#isOver) await this.#channels.send(CHANNEL.closed, Buffer.of(CHANNEL.stdin))
    } catch (error) {
      this.#fail(error)
    }
  }

  failWith(reason: string): void {
    const { namespace, pod } = this.#what
    this.#fail(fail('EXEC_FAILED', { pod, namespace, reason: reason.trim() }))
  }

  async *#readComplaints(): AsyncGenerator<Uint8Array> {
    await this.exitCode.catch(() => undefined)
    if (this.#complaints.bytes.length > 0) yield this.#complaints.bytes
  }

  #take(channel: number, bytes: Buffer): void {
    if (channel === CHANNEL.stdout && !this.stdout.push(bytes)) this.#channels.pause()
    if (channel === CHANNEL.stderr) this.#complaints.add(bytes)
    if (channel === CHANNEL.error) this.#status.add(bytes)
  }

  /** How the command ended is said before the connection ends: then that may end as it likes. */
  #end(reason = 'the connection ended before the command'): void {
    if (this.#isOver) return
    const status = this.#status.text
    const code = exitCodeOf(status)
    if (code === undefined) return this.failWith(messageOf(status) || reason)
    this.#isOver = true
    this.#settle?.resolve(code)
    this.stdout.push(null)
    this.#channels.leave()
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#settle?.reject(error)
    this.stdout.destroy(error as Error)
    this.#channels.leave()
  }
}

/** As far as it is what it should be: anything may stand in any field. */
interface Ended {
  status?: unknown
  message?: unknown
  reason?: unknown
  details?: { causes?: unknown } | null
}

/** The kubelet tells a command's end as a Status: a failure with its exit code as a cause, or with none when it never ran. */
function exitCodeOf(text: string): number | undefined {
  const { status, reason, details } = parsed(text)
  if (status === 'Success') return 0
  if (reason !== 'NonZeroExitCode' || !Array.isArray(details?.causes)) return undefined
  const causes = details.causes as ({ reason?: unknown; message?: unknown } | null)[]
  const { message } = causes.find((cause) => cause?.reason === 'ExitCode') ?? {}
  return typeof message === 'string' && /^-?\d{1,10}$/.test(message) ? Number(message) : undefined
}

function messageOf(text: string): string {
  const { message } = parsed(text)
  return typeof message === 'string' ? message : text
}

function parsed(text: string): Ended {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
