import { stopDaemon } from '../stop-daemon.ts'
import { defineVerb } from '../verb.ts'

/** Longer than a daemon gives its runs. */
export const STOP_MS = 30_000

export default defineVerb({
  usage: 'daemon stop',
  about: 'Stops the daemon. Runs at work have ten seconds to end; what does not end is recorded as interrupted.',
  args: {},
  async run({ edge, folder }) {
    const pid = await stopDaemon(edge, folder, STOP_MS)
    edge.out(`daemon stopped (process ${pid})\n`)
  },
})
