import { fail } from '../core/errors.ts'
import type { CliEdge } from './cli-edge.ts'
import { findDaemon, signalDaemon } from './daemon.ts'

const LOOK_EACH_MS = 100

/** Tells a daemon to stop and waits until it has. Throws DAEMON_NOT_RUNNING, DAEMON_FORBIDDEN, WAIT_TIMED_OUT. */
export async function stopDaemon(edge: CliEdge, folder: string, waitMs: number): Promise<number> {
  const daemon = await findDaemon(edge, folder)
  if (!daemon) throw fail('DAEMON_NOT_RUNNING', { folder })
  signalDaemon(edge, daemon, 'SIGTERM')
  for (let waited = 0; waited < waitMs; waited += LOOK_EACH_MS) {
    if ((await findDaemon(edge, folder))?.pid !== daemon.pid) return daemon.pid
    await edge.clock.sleep(LOOK_EACH_MS)
  }
  throw fail('WAIT_TIMED_OUT', {
    what: `the end of daemon ${daemon.pid}`,
    seconds: String(waitMs / 1000),
    remedy: `it was told to; look at its log, or end process ${daemon.pid} by hand`,
  })
}
