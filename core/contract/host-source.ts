import type { HostContext, HostExecOptions } from './collector.ts'
import { warning } from './outputs.ts'
import type { WarningOutput } from './plugin.ts'

/** How long `runTool` waits, in ms, when nothing else is asked: a tool that asks a dead daemon would hang for minutes. */
const TOOL_TIMEOUT_MS = 20_000

/** What the two readers below need of a context. */
type Source = Pick<HostContext<unknown>, 'host' | 'signal'>

/**
 * The text of a file of the machine; a warning to yield when it cannot be read.
 *
 * @throws the signal's reason once the run was aborted: what is missing then says nothing about the machine
 */
export async function readText(context: Source, path: string): Promise<string | WarningOutput> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of context.host.read(path)()) text += decoder.decode(chunk, { stream: true })
  } catch (error) {
    context.signal.throwIfAborted()
    return warning('HOST_FILE_UNREADABLE', `${path} cannot be read: ${firstLine(error)}`)
  }
  context.signal.throwIfAborted()
  return text + decoder.decode()
}

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
