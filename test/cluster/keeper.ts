/**
 * Runs beside a test run and keeps the processes of one control plane: it starts and stops them on request, and ends them all,
 * with their folder, when its own stdin ends. So nothing is left behind however the test run ends, SIGKILL included.
 *
 * stdin: lines of {start: name, command, args} or {stop: name, signal}; stdout: lines of {started: name, pid} or {ended: name, how}.
 * argv: the folder, which gets `<name>.log` and `pids`, one {name, pid} a line.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

type Order = { start: string; command: string; args: string[] } | { stop: string; signal: NodeJS.Signals }

const folder = process.argv[2] ?? ''
const children = new Map<string, ChildProcess>()
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)

function start(order: Extract<Order, { start: string }>): void {
  const log = openSync(join(folder, `${order.start}.log`), 'a')
  const child = spawn(order.command, order.args, { cwd: folder, stdio: ['ignore', log, log] })
  children.set(order.start, child)
  if (child.pid !== undefined) appendFileSync(join(folder, 'pids'), `${JSON.stringify({ name: order.start, pid: child.pid })}\n`)
  say({ started: order.start, pid: child.pid })
  const ended = (how: string) => {
    if (children.get(order.start) === child) children.delete(order.start)
    say({ ended: order.start, how })
  }
  child.once('error', (error) => ended(error.message))
  child.once('exit', (code, signal) => ended(signal ?? `code ${code}`))
}

/** No test reads the data again, so nobody has to end in peace. */
function end(): never {
  for (const child of children.values()) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  process.exit()
}

process.stdout.on('error', () => undefined) // the reader is gone: the end of stdin follows
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined) // the test run decides
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order = JSON.parse(line) as Order
    if ('start' in order) start(order)
    else children.get(order.stop)?.kill(order.signal)
  })
  .once('close', end)
