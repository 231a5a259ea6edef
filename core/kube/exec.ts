import { randomBytes } from 'node:crypto'
import { type Duplex, Readable } from 'node:stream'
import { fail, type ProductError } from '../errors.ts'
import type { KubeClient } from './client.ts'
import { resourcePath } from './path.ts'
import { openWebSocket } from './websocket.ts'
import { encodeFrame, FrameReader, OPCODE } from './websocket-frames.ts'

/** A command for a container of a pod. It is run as it is, without a shell. */
export interface PodCommand {
  namespace: string
  pod: string
  /** default: the one that the pod's annotation names, else its first */
  container?: string | undefined
  command: readonly string[]
  stdin?: AsyncIterable<Uint8Array> | undefined
}

/** A command that runs. Nothing of it is unheard: a failure comes to whoever reads, and to `exitCode`. */
export interface RunningCommand {
  /** Read it first, or give it up: unread, it holds up the command once a buffer is full. To leave off reading ends the connection. */
  stdout: AsyncIterable<Uint8Array>
  /** the first megabyte, once the command has ended */
  stderr: AsyncIterable<Uint8Array>
  exitCode: Promise<number>
}

/** The kubelet's channels, the first byte of each message; version 5 can also say that one of them ends. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, closed: 255 } as const
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const
const MAX_STDERR_BYTES = 2 ** 20
const MAX_WRITE_BYTES = 64 * 1024

/**
 * Runs a command in a container, through the API server. It takes `get` and, from Kubernetes 1.35 on, `create` on `pods/exec`.
 * When the connection ends early the kubelet closes the command's streams; whether it then ends is up to the command.
 *
 * @throws KubeStatusError, CLUSTER_UNREACHABLE, EXEC_FAILED, or the signal's reason; later troubles come as EXEC_FAILED to its readers
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
  const running = new Execution(socket, what)
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
  readonly #socket: Duplex
  readonly #what: PodCommand
  readonly #frames = new FrameReader()
  readonly #complaints: Buffer[] = []
  #complaintBytes = 0
  #channel: number | undefined
  #status = ''
  #isOver = false
  #settle: { resolve: (code: number) => void; reject: (error: unknown) => void } | undefined

  constructor(socket: Duplex, what: PodCommand) {
    this.#socket = socket
    this.#what = what
    this.exitCode = new Promise((resolve, reject) => void (this.#settle = { resolve, reject }))
    this.exitCode.catch(() => undefined)
    this.stdout = new Readable({
      read: () => void socket.resume(),
      destroy: (error, done) => {
        this.failWith('nobody read on')
        done(error)
      },
    }).on('error', () => undefined)
    this.stderr = this.#readComplaints()
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', (error) => this.failWith(error.message))
    socket.on('close', () => this.failWith('the connection was cut'))
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
      for await (const piece of stdin)
        for (let at = 0; at < piece.length; at += MAX_WRITE_BYTES) {
          if (this.#isOver) return
          await this.#write(Buffer.concat([Buffer.of(CHANNEL.stdin), piece.subarray(at, at + MAX_WRITE_BYTES)]))
        }
      if (!this.#isOver) await this.#write(Buffer.of(CHANNEL.closed, CHANNEL.stdin))
    } catch (error) {
      this.#fail(error)
    }
  }

  failWith(reason: string): void {
    this.#fail(this.#failure(reason))
  }

  async *#readComplaints(): AsyncGenerator<Uint8Array> {
    await this.exitCode
    yield* this.#complaints
  }

  #write(message: Buffer): Promise<void> {
    if (this.#send(OPCODE.binary, message)) return Promise.resolve()
    return new Promise((resolve) => {
      const goOn = () => {
        for (const event of ['drain', 'close']) this.#socket.off(event, goOn)
        resolve()
      }
      for (const event of ['drain', 'close']) this.#socket.once(event, goOn)
    })
  }

  #send(opcode: number, payload: Uint8Array): boolean {
    return this.#socket.writable ? this.#socket.write(encodeFrame(opcode, payload, randomBytes(4))) : true
  }

  #take(bytes: Buffer): void {
    try {
      for (const { opcode, payload } of this.#frames.push(bytes)) {
        if (opcode === OPCODE.ping) this.#send(OPCODE.pong, payload)
        else if (opcode === OPCODE.close) this.#end()
        else if (opcode !== OPCODE.pong) this.#message(opcode, payload)
      }
    } catch (error) {
      this.failWith(`it sent ${(error as Error).message}`)
    }
  }

  #message(opcode: number, payload: Buffer): void {
    const isFirst = opcode !== OPCODE.continuation
    if (isFirst) this.#channel = payload[0]
    const bytes = isFirst ? payload.subarray(1) : payload
    if (bytes.length === 0) return
    if (this.#channel === CHANNEL.stdout && !this.#isOver && !this.stdout.push(bytes)) this.#socket.pause()
    if (this.#channel === CHANNEL.error) this.#status += bytes.toString('utf8')
    if (this.#channel !== CHANNEL.stderr) return
    const kept = bytes.subarray(0, MAX_STDERR_BYTES - this.#complaintBytes)
    this.#complaintBytes += kept.length
    if (kept.length > 0) this.#complaints.push(kept)
  }

  /** The kubelet has said all: how the command ended comes before the end. */
  #end(): void {
    if (this.#isOver) return
    const code = exitCodeOf(this.#status)
    if (code === undefined) return this.failWith(messageOf(this.#status) || 'the connection ended before the command')
    this.#isOver = true
    this.#settle?.resolve(code)
    this.stdout.push(null)
    this.#leave()
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#settle?.reject(error)
    this.stdout.destroy(error as Error)
    this.#leave()
  }

  #leave(): void {
    this.#send(OPCODE.close, Buffer.of(0x03, 0xe8))
    this.#socket.resume()
    this.#socket.end(() => this.#socket.destroy())
  }

  #failure(reason: string): ProductError {
    const { namespace, pod } = this.#what
    return fail('EXEC_FAILED', { pod, namespace, reason: reason.trim() })
  }
}

interface Ended {
  status?: string
  message?: string
  reason?: string
  details?: { causes?: { reason?: string; message?: string }[] }
}

/** The kubelet tells a command's end as a Status: a failure with its exit code as a cause, or with none when it never ran. */
function exitCodeOf(text: string): number | undefined {
  const { status, reason, details } = parsed(text)
  if (status === 'Success') return 0
  if (reason !== 'NonZeroExitCode') return undefined
  const code = Number(details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message)
  return Number.isInteger(code) ? code : undefined
}

const messageOf = (text: string): string => parsed(text).message ?? text

function parsed(text: string): Ended {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
