import { Worker } from 'node:worker_threads'

/**
 * Kills this process and what it started once its parent is gone for a while, from a thread of its own: a plug-in that never
 * lets the event loop go could not be stopped by the end of stdin, and nobody would be left to kill it. Started only before
 * third-party code is loaded, since a thread costs memory.
 */
export function startWatchdog(parent: { pid: number; ppid: number }): void {
  const worker = new Worker(PROGRAM, { eval: true, workerData: parent, env: {}, execArgv: [], stdout: false, stderr: false })
  // It must neither hold the process nor, should it not start, end it.
  worker.unref()
  worker.on('error', () => undefined)
}

const LOOK_MS = 500
/** Time for an orderly end, as after any cancel. */
const GRACE_MS = 5000

/** No timer: the thread sleeps on a lock that nobody opens. */
const PROGRAM = `
const { workerData: { pid, ppid } } = require('node:worker_threads')
const lock = new Int32Array(new SharedArrayBuffer(4))
while (process.ppid === ppid) Atomics.wait(lock, 0, 0, ${LOOK_MS})
Atomics.wait(lock, 0, 0, ${GRACE_MS})
try { process.kill(-pid, 'SIGKILL') } catch { process.kill(pid, 'SIGKILL') }
`
