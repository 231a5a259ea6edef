import { type CollectorContext, indentedJson, missing, type Output, reasonLine, warning } from '../../core/contract/index.ts'
import { bytesOfBody, type ExecTarget, isBinary, onceBody, timeLimit } from '../../core/contract/pods/index.ts'
import type { ExecConfig } from './schema.ts'

/** Runs the command, and writes what it prints as it comes. What came before a failure stays. */
export async function* commandFiles(context: CollectorContext<ExecConfig>, target: ExecTarget): AsyncGenerator<Output> {
  const { config, kube, signal } = context
  const { namespace, name, container } = target
  const path = [config.name, namespace, name, config.collectorName || container].filter((part) => part !== '').join('/')
  const limit = timeLimit(context, config.timeout)
  const left = new AbortController()
  const failures: unknown[] = []
  const until = AbortSignal.any([limit.signal, left.signal])
  try {
    const running = await kube.exec({ namespace, name, container }, [...config.command, ...config.args], { signal: until })
    const isRead = yield* printed(running.stdout(), `${path}-stdout.txt`, failures, signal)
    if (!isRead) left.abort(new Error('nobody read on'))
    // Of a command that was cut off as well.
    const stderr = await bytesOfBody(running.stderr)
    signal.throwIfAborted()
    if (stderr.length > 0) yield { type: 'file', path: `${path}-stderr.txt`, format: 'text', body: stderr }
    const code = await running.exitCode
    if (code !== 0) yield* ended(path, target, code)
  } catch (error) {
    if (!left.signal.aborted) failures.push(error)
  } finally {
    limit.stop()
    left.abort(new Error('nobody read on'))
  }
  signal.throwIfAborted()
  if (failures.length === 0) return
  const reason = limit.isOver() ? 'timeout' : reasonLine(failures[0])
  yield indentedJson(`${path}-errors.json`, [reason])
  yield missing('EXEC_FAILED', `${namespace}/${name}: ${reason}`, failures.slice(0, 1))
}

/** It ran: that it says no is what was asked for. */
function* ended(path: string, { namespace, name }: ExecTarget, code: number): Generator<Output> {
  const message = `command terminated with exit code ${code}`
  yield indentedJson(`${path}-errors.json`, [message])
  yield warning('EXEC_EXIT_CODE', `${namespace}/${name}: ${message}`)
}

/** The file of what comes, if anything does. Gives false when it was not read to its end by whoever took it. */
async function* printed(
  stream: AsyncIterable<Uint8Array>,
  path: string,
  failures: unknown[],
  signal: AbortSignal,
): AsyncGenerator<Output, boolean> {
  const pieces = stream[Symbol.asyncIterator]()
  const next = () =>
    pieces.next().catch((error: unknown) => {
      // The run has ended: what is missing then says nothing about the command.
      signal.throwIfAborted()
      failures.push(error)
      return { done: true as const, value: undefined }
    })
  let step = await next()
  if (step.done) return true
  const start = step.value
  const body = onceBody(async function* () {
    try {
      for (; !step.done; step = await next()) yield step.value
    } finally {
      if (!step.done) await pieces.return?.()
    }
  })
  yield { type: 'file', path, format: isBinary(start) ? 'binary' : 'text', body: body.open }
  return body.close()
}
