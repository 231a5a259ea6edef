import { Worker } from 'node:worker_threads'

/**
 * Kills this process and what it started once its parent is gone for a while, or did not renew its time, from a thread of its
 * own: a plug-in that never lets the event loop go could not be stopped by the end of stdin, and nobody would be left to kill it;
 * a parent that is stopped does not read, which holds up who writes. Started only before third-party code is loaded, or for a
 * task that must be renewed, since a thread costs memory.
 */
export function startWatchdog(parent: { pid: number; ppid: number }): Watchdog {
  const lifeline = new BigInt64Array(new SharedArrayBuffer(8))
  const workerData = { ...parent, lifeline }
  try {
    const worker = new Worker(PROGRAM, { eval: true, workerData, env: {}, execArgv: [], stdout: false, stderr: false })
    // It must neither hold the process nor, should it not start, end it.
    worker.unref()
    worker.on('error', () => undefined)
  } catch {
    // Behind a runner there are no threads: it watches instead.
  }
  return {
    endAfter: (ms) => void Atomics.store(lifeline, 0, process.hrtime.bigint() + BigInt(Math.round(ms)) * 1_000_000n),
  }
}

export interface Watchdog {
  /** the process is to be over in `ms`, or is ended a moment later; a later call counts anew */
  endAfter(ms: number): void
}

const LOOK_MS = 500
/** Time for an orderly end, as after any cancel. */
const GRACE_MS = 5000

/** No timer: the thread sleeps on a lock that nobody opens. */
const PROGRAM = `
const { workerData: { pid, ppid, lifeline } } = require('node:worker_threads')
const lock = new Int32Array(new SharedArrayBuffer(4))
const isLate = () => { const at = Atomics.load(lifeline, 0); return at !== 0n && process.hrtime.bigint() > at }
while (process.ppid === ppid && !isLate()) Atomics.wait(lock, 0, 0, ${LOOK_MS})
Atomics.wait(lock, 0, 0, ${GRACE_MS})
try { process.kill(-pid, 'SIGKILL') } catch { process.kill(pid, 'SIGKILL') }
`
