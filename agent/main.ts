import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { asProblem, EXIT, ProductError } from '../core/errors.ts'
import { runRequest, startAgent } from './agent.ts'
import { readArgs } from './args.ts'
import { runClusterAgent } from './cluster.ts'
import { loadConfig, localAgent, type ProcessEdge } from './local.ts'

// The agent waits most of the time: with 2,000 jobs its optimised code saved no CPU, and the compilers cost 10 MB of memory.
// After a start it has much garbage and no reason to collect it soon: a heap that grows with care is 8 MB smaller.
for (const flag of ['--no-opt', '--no-maglev', '--optimize-for-size']) setFlagsFromString(flag)

/** The agent program: a daemon until it is told to stop, or the work of one request. Its failure to start is one line of JSON on stderr. */
try {
  const args = readArgs(process.argv.slice(2))
  const edge: ProcessEdge = {
    pid: process.pid,
    execPath: process.execPath,
    taskScript: join(dirname(fileURLToPath(import.meta.url)), 'task.js'),
    env: process.env,
    homeFolder: homedir(),
    kill: (pid, signal) => process.kill(pid, signal),
    memoryUsage: () => process.memoryUsage.rss(),
    cpuUsage: () => process.cpuUsage(),
    writeStdout: (line) => void process.stdout.write(line),
    onUncaught(listener) {
      process.on('uncaughtException', listener)
      process.on('unhandledRejection', listener)
    },
  }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(new Error(signal)))
  if (args.cluster) await runClusterAgent(args, edge, stop.signal)
  else if (args.request) await runRequest(localAgent(args, edge), args.request.job, args.request.id, stop.signal)
  else {
    const local = localAgent(args, edge)
    const agent = await startAgent(local)
    process.on('SIGHUP', () => {
      try {
        const { config } = loadConfig(args)
        local.setLogLevel(config.logLevel)
        agent.reload(config)
      } catch (error) {
        local.log.error({ problem: asProblem(error) }, 'config not reloaded; the old one holds')
      }
    })
    if (!stop.signal.aborted) await new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()))
    await agent.stop((stop.signal.reason as Error).message)
  }
  process.exit(EXIT.ok)
} catch (error) {
  process.stderr.write(`${JSON.stringify(asProblem(error))}\n`)
  process.exit(error instanceof ProductError ? error.exitCode : EXIT.failed)
}
