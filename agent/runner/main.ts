import { spawn } from 'node:child_process'
import { chmod, readdir, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '../../core/clock.ts'
import { asProblem, EXIT, fail, ProductError, reasonOf } from '../../core/errors.ts'
import { stderrLogger } from '../task/stderr-logger.ts'
import { createRunner } from './runner.ts'

/**
 * The runner program: starts tasks for the agent, in a container of its own. `runner --socket PATH --work FOLDER`. It ends on
 * SIGTERM; its failure to start is one line of JSON on stderr.
 */
try {
  const { socket, work } = readArgs(process.argv.slice(2))
  // What is made here is for the agent's group too, and for nobody else.
  process.umask(0o007)
  // Without a listener, Node opens a debugger on this signal: for any process of this user that knows how to send one.
  process.on('SIGUSR1', () => undefined)
  const log = stderrLogger((line) => process.stdout.write(line), systemClock)
  process.stdout.on('error', () => undefined)
  // One connection must not cost the tasks of all others.
  for (const event of ['uncaughtException', 'unhandledRejection'])
    process.on(event, (error: unknown) => log.error({ problem: asProblem(error) }, 'uncaught'))
  const libFolder = dirname(fileURLToPath(import.meta.url))
  const runner = createRunner(work, {
    clock: systemClock,
    log,
    files: { readdir: (path) => readdir(path), readFile: (path) => readFile(path, 'utf8') },
    spawn: (args, options) => spawn(process.execPath, args, options),
    kill: (pid, signal) => void process.kill(pid, signal),
    libFolder,
    taskScript: join(libFolder, 'task.js'),
  })
  if (await isAnswered(socket)) throw usage(`another runner listens at ${socket}`)
  await rm(socket, { force: true })
  await new Promise<void>((resolve, reject) => runner.server.once('error', reject).listen(socket, resolve))
  await chmod(socket, 0o660)
  log.info({ socket, work, pid: process.pid }, 'runner started')
  const signal = await new Promise<string>((resolve) => {
    for (const one of ['SIGTERM', 'SIGINT'] as const) process.on(one, () => resolve(one))
  })
  log.info({ signal }, 'runner stopping')
  await runner.stop(`the runner was told to stop (${signal})`)
  process.exit(EXIT.ok)
} catch (error) {
  process.stderr.write(`${JSON.stringify(asProblem(error))}\n`)
  process.exit(error instanceof ProductError ? error.exitCode : EXIT.failed)
}

function readArgs(args: string[]): { socket: string; work: string } {
  try {
    const { values } = parseArgs({ args, options: { socket: { type: 'string' }, work: { type: 'string' } } })
    const { socket, work } = values
    if (socket === undefined || work === undefined) throw new Error('needs --socket and --work')
    return { socket, work }
  } catch (error) {
    throw usage(reasonOf(error), error)
  }
}

function usage(reason: string, cause?: unknown): ProductError {
  return fail('USAGE_ARGUMENTS', { command: 'runner', reason, usage: 'runner --socket PATH --work FOLDER' }, cause)
}

/** A socket that nobody listens at was left by a process that is gone. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => (probe.destroy(), resolve(true))).on('error', () => resolve(false))
  })
}
