import { type ChildProcess, spawn } from 'node:child_process'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Clock, deadline } from '../../core/clock.ts'
import type { Body, Host, HostExecOptions } from '../../core/contract/index.ts'
import { bodyChunks } from '../bundle/body.ts'
import { abortable } from './abortable.ts'

export interface CommandEdge {
  /** our own environment: what a collector asks for by name is passed on */
  env: Readonly<Record<string, string | undefined>>
  /** what every command gets beneath its own environment */
  always?: Readonly<Record<string, string>>
  clock: Clock
  signal: AbortSignal
}

/** Kept of one stream of a command; the rest is read and dropped, so that the command does not block. */
const MAX_OUTPUT = 16 * 1024 * 1024
const DEFAULT_MS = 24 * 3_600_000
/** What a command left running in the background may hold its output open for ever. */
const DRAIN_MS = 500
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Runs a program without a shell, as `Host.exec` promises. It is killed when its time is over or the signal aborts. */
export async function runCommand(
  edge: CommandEdge,
  command: string,
  args: string[],
  options: HostExecOptions,
): ReturnType<Host['exec']> {
  const limitMs = options.timeoutMs ?? DEFAULT_MS
  const limit = deadline(edge.clock, limitMs, new Error(`${command} did not end in ${limitMs} ms`))
  const failed = new AbortController()
  const signal = AbortSignal.any([edge.signal, limit.signal, failed.signal])
  try {
    signal.throwIfAborted()
    const child = spawn(command, args, {
      env: environment(edge, options),
      stdio: ['pipe', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    })
    const output = { stdout: gather(child.stdout), stderr: gather(child.stderr) }
    feed(child.stdin, options.stdin, signal).catch((error: unknown) => failed.abort(error))
    const exitCode = await endOf(child, edge.clock, signal)
    return { stdout: output.stdout(), stderr: output.stderr(), exitCode }
  } finally {
    limit.stop()
  }
}

function environment(edge: CommandEdge, options: HostExecOptions): Record<string, string> {
  const own: Record<string, string | undefined> = { PATH, ...edge.env }
  const named = options.env === undefined && options.inheritEnv === undefined ? ['PATH'] : (options.inheritEnv ?? [])
  const passed = named.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]] as const]))
  return { ...edge.always, ...(options.env === undefined ? { LC_ALL: 'C' } : {}), ...Object.fromEntries(passed), ...options.env }
}

/** Resolves with the exit code once all output was read, or shortly after the exit; -1 = ended by a signal. */
function endOf(child: ChildProcess, clock: Clock, signal: AbortSignal): Promise<number> {
  const closed = new AbortController()
  return new Promise<number>((resolve, reject) => {
    child.on('error', (error) => reject((signal.aborted ? signal.reason : error) as Error))
    child.once('close', (code) => resolve(code ?? -1))
    child.once('exit', (code) => {
      clock.sleep(DRAIN_MS, closed.signal).then(
        () => resolve(code ?? -1),
        () => undefined,
      )
    })
  }).finally(() => {
    closed.abort(new Error('closed'))
    child.stdout?.destroy()
    child.stderr?.destroy()
  })
}

/** A command that does not read its input to the end is within its rights; a body that breaks ends the command. */
async function feed(stdin: Writable, body: Body | undefined, signal: AbortSignal): Promise<void> {
  let failure: { error: unknown } | undefined
  async function* input() {
    try {
      if (body !== undefined) yield* abortable(bodyChunks(body), signal)
    } catch (error) {
      failure = { error }
      throw error
    }
  }
  await pipeline(input, stdin).catch(() => undefined)
  if (failure) throw failure.error
}

function gather(stream: NodeJS.ReadableStream): () => string {
  const kept: Buffer[] = []
  let size = 0
  stream.on('error', () => undefined)
  stream.on('data', (chunk: Buffer) => {
    if (size < MAX_OUTPUT) kept.push(chunk.subarray(0, MAX_OUTPUT - size))
    size += chunk.length
  })
  return () => Buffer.concat(kept).toString()
}
