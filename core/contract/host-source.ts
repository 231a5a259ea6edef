import type { HostContext, HostExecOptions } from './collector.ts'
import { warning } from './outputs.ts'
import type { WarningOutput } from './plugin.ts'

/** How long `runTool` waits, in ms, when nothing else is asked: a tool that asks a dead daemon would hang for minutes. */
const TOOL_TIMEOUT_MS = 20_000

/** More than any file has that is read whole, in bytes: what a file says that never ends is not wanted. */
const MAX_BYTES = 16 * 1024 * 1024

/** What the readers below need of a context. */
type Source = Pick<HostContext<unknown>, 'host' | 'signal'>

/**
 * All bytes of a file of the machine.
 *
 * @throws as `Host.read` does, when there are more than `maxBytes`, and the signal's reason once the run was aborted: what is
 * missing then says nothing about the machine
 */
export async function readBytes({ host, signal }: Source, path: string, maxBytes = MAX_BYTES): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const part of host.read(path)()) {
      size += part.length
      if (size > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`)
      parts.push(part)
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
  signal.throwIfAborted()
  return Buffer.concat(parts)
}

/** The text of a file of the machine; a warning to yield when it cannot be read. Throws the signal's reason as `readBytes` does. */
export async function readText(context: Source, path: string, maxBytes = MAX_BYTES): Promise<string | WarningOutput> {
  try {
    return new TextDecoder().decode(await readBytes(context, path, maxBytes))
  } catch (error) {
    context.signal.throwIfAborted()
    return unreadable(path, error)
  }
}

/** The warning that a file cannot be read. */
export const unreadable = (path: string, error: unknown) =>
  warning('HOST_FILE_UNREADABLE', `${path} cannot be read: ${firstLine(error)}`)

/**
 * What a program of the machine prints; a warning to yield when it is missing, times out or ends with another code than 0.
 *
 * @throws the signal's reason once the run was aborted
 */
export async function runTool(
  context: Source,
  command: string,
  args: string[],
  options: HostExecOptions = {},
): Promise<string | WarningOutput> {
  try {
    const { stdout, stderr, exitCode } = await context.host.exec(command, args, { timeoutMs: TOOL_TIMEOUT_MS, ...options })
    context.signal.throwIfAborted()
    if (exitCode === 0) return stdout
    return warning('HOST_TOOL_FAILED', `${command} ended with code ${exitCode}: ${firstLine(stderr.trim())}`)
  } catch (error) {
    context.signal.throwIfAborted()
    return warning('HOST_TOOL_FAILED', `${command} could not be run: ${firstLine(error)}`)
  }
}

function firstLine(reason: unknown): string {
  const text = reason instanceof Error ? reason.message : String(reason)
  return text.split('\n')[0] || 'no reason was given'
}
