import { join } from 'node:path'
import { fail } from '../../core/errors.ts'
import { findDaemon } from '../daemon.ts'
import { defineArgs, defineVerb } from '../verb.ts'
import { checkDaemonFlags, startDaemon } from '../start-daemon.ts'

export const DAEMON_ARGS = defineArgs({
  config: { type: 'string', description: 'config file; default: config/scheduler.yaml in the store folder', valueHint: 'FILE' },
  'log-level': { type: 'enum', options: ['debug', 'info', 'warn', 'error'], description: 'what to log' },
  'log-file': { type: 'string', description: 'log file of a daemon in the background', valueHint: 'FILE' },
  'check-interval': { type: 'string', description: 'longest pause between two looks at everything', valueHint: 'DURATION' },
  'max-concurrent': { type: 'string', description: 'runs at work at the same time', valueHint: 'N' },
})

export default defineVerb({
  usage: 'daemon start [flags]',
  about: 'Starts the scheduler on this computer, in the background. It runs the jobs of the local store until it is stopped.',
  examples: ['daemon start', 'daemon start --foreground --log-level debug'],
  args: { ...DAEMON_ARGS, foreground: { type: 'boolean', description: 'stay in the foreground and log to stdout' } },
  async run({ args, edge, folder }) {
    checkDaemonFlags('daemon start', args)
    const running = await findDaemon(edge, folder)
    if (running) throw fail('DAEMON_RUNNING', { folder, pid: String(running.pid) })
    const started = await startDaemon(edge, folder, args, args.foreground === true)
    if (started === undefined) return
    edge.out(`daemon started (process ${started.pid}), serving http://127.0.0.1:${started.port}\n`)
    edge.err(`log: ${args['log-file'] ?? join(folder, 'logs', 'daemon.log')}\n`)
  },
})
