import { fail } from '../../core/errors.ts'
import { findDaemon, signalDaemon } from '../daemon.ts'
import { defineVerb } from '../verb.ts'

export default defineVerb({
  usage: 'daemon reload',
  about: 'Makes the daemon read its config again. A config that is wrong is refused in its log, and the old one holds.',
  args: {},
  async run({ edge, folder }) {
    const daemon = await findDaemon(edge, folder)
    if (!daemon) throw fail('DAEMON_NOT_RUNNING', { folder })
    signalDaemon(edge, daemon, 'SIGHUP')
    edge.out(`daemon told to reload (process ${daemon.pid})\n`)
  },
})
