import { spawn as spawnProcess } from 'node:child_process'
import { constants } from 'node:fs'
import { open, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Body, Host, HostExecOptions } from '../../core/contract/index.ts'
import { type Clock, deadline } from '../../core/clock.ts'
import { globFiles } from './glob.ts'

export interface HostEdge {
  /** `/`, or where the root of the machine looked at is mounted */
  root: string
  platform: Host['platform']
  /** our own environment: what a collector asks for by name is passed on */
  env: Readonly<Record<string, string | undefined>>
  clock: Clock
  signal: AbortSignal
}

/** Kept of one stream of a command; the rest is read and dropped, so that the command does not block. */
const MAX_COMMAND_OUTPUT = 16 * 1024 * 1024

/** The machine as collectors see it: regular files only, commands without a shell and with a minimal environment. */
export function createHost(edge: HostEdge): Host {
  const inside = (path: string) => join(edge.root, path)
  return {
    root: edge.root,
    platform: edge.platform,
    read: (path) => () => readFile(inside(path)),
    glob: (pattern) => globFiles(edge.root, pattern),
    async usage(path) {
      const stats = await statfs(inside(path))
      const totalBytes = stats.blocks * stats.bsize
      return { totalBytes, usedBytes: totalBytes - stats.bfree * stats.bsize }
    },
    exec: (command, args, options = {}) => run(edge, command, args, options),
  }
}

/** O_NONBLOCK, because opening a FIFO would wait for a writer for ever. */
async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!(await handle.stat()).isFile()) throw new Error(`${path} is not a regular file`)
    const buffer = Buffer.allocUnsafe(256 * 1024)
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null)
      if (bytesRead === 0) return
      // The consumer may keep what it gets: each piece has memory of its own.
      yield Buffer.from(buffer.subarray(0, bytesRead))
    }
  } finally {
    await handle.close()
  }
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

function environment(edge: HostEdge, options: HostExecOptions): Record<string, string> {
  const own: Record<string, string | undefined> = { PATH, ...edge.env }
  const named = options.env === undefined && options.inheritEnv === undefined ? ['PATH'] : (options.inheritEnv ?? [])
  const passed = named.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]] as const]))
  return { ...(options.env === undefined ? { LC_ALL: 'C' } : {}), ...Object.fromEntries(passed), ...options.env }
}

async function run(edge: HostEdge, command: string, args: string[], options: HostExecOptions): ReturnType<Host['exec']> {
  // Commands would run in our own root and tell of the wrong machine.
  if (edge.root !== '/') throw new Error(`${command} cannot be run: the machine's root is only mounted`)
  const limit = deadline(
    edge.clock,
    options.timeoutMs ?? 24 * 3_600_000,
    new Error(`${command} did not end in ${options.timeoutMs} ms`),
  )
  const signal = AbortSignal.any([edge.signal, limit.signal])
  try {
    signal.throwIfAborted()
    const child = spawnProcess(command, args, {
      env: environment(edge, options),
      stdio: ['pipe', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    })
    const output = { stdout: gather(child.stdout), stderr: gather(child.stderr) }
    child.stdin.on('error', () => undefined)
    if (options.stdin) for await (const chunk of chunks(options.stdin)) child.stdin.write(chunk)
    child.stdin.end()
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => reject((signal.aborted ? signal.reason : error) as Error))
      child.once('close', (code) => resolve(code ?? -1))
    })
    return { stdout: output.stdout(), stderr: output.stderr(), exitCode }
  } finally {
    limit.stop()
  }
}

function gather(stream: NodeJS.ReadableStream): () => string {
  const kept: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    if (size < MAX_COMMAND_OUTPUT) kept.push(chunk.subarray(0, MAX_COMMAND_OUTPUT - size))
    size += chunk.length
  })
  return () => Buffer.concat(kept).toString()
}

function chunks(body: Body): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (typeof body === 'string') return [Buffer.from(body)]
  return body instanceof Uint8Array ? [body] : body()
}
