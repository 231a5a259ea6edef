import { findDaemon } from '../daemon.ts'
import { checkDaemonFlags, startDaemon } from '../start-daemon.ts'
import { stopDaemon } from '../stop-daemon.ts'
import { defineVerb } from '../verb.ts'
import { DAEMON_ARGS } from './daemon-start.ts'
import { STOP_MS } from './daemon-stop.ts'

export default defineVerb({
  usage: 'daemon restart [flags]',
  about:
    'Stops the daemon if one runs, and starts it with the flags given here. Slots that pass meanwhile are caught up as their jobs say.',
  args: DAEMON_ARGS,
  async run({ args, edge, folder }) {
    checkDaemonFlags('daemon restart', args)
    if (await findDaemon(edge, folder)) await stopDaemon(edge, folder, STOP_MS)
    const started = await startDaemon(edge, folder, args, false)
    edge.out(`daemon started (process ${started?.pid}), serving http://127.0.0.1:${started?.port}\n`)
  },
})
