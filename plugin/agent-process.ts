import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../core/clock.ts'
import { asProblem } from '../core/errors.ts'
import type { AgentEnd } from './cli-edge.ts'

export interface AgentStart {
  /** ours: its signals are handed on to an agent in the foreground */
  process: NodeJS.Process
  script: string
  args: readonly string[]
}

const READY_MS = 15_000
const END_MS = 5_000
const LOOK_EACH_MS = 50

/**
 * An agent whose end is waited for. It leads a group of its own: Ctrl-C at a terminal reaches this process only, which tells it
 * once; told twice it would end without finishing what is at work.
 */
export async function runAgent(start: AgentStart, isVisible: boolean, stop: AbortSignal | undefined): Promise<AgentEnd> {
  const { process } = start
  const { child, ended, said } = spawnAgent(start, isVisible ? 'inherit' : 'ignore')
  const onStop = () => void child.kill('SIGTERM')
  stop?.addEventListener('abort', onStop, { once: true })
  if (stop?.aborted) onStop()
  if (isVisible) {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
    // A service manager asks for a reload with it; a terminal that is closed asks for the end.
    process.on('SIGHUP', () => child.kill(process.stdout.isTTY ? 'SIGTERM' : 'SIGHUP'))
  }
  const exitCode = await ended
  return { pid: child.pid ?? 0, exitCode, said: said() }
}

/** An agent that outlives this process. One that is not ready in time, or before `stop`, is ended: nothing is left running that was not told about. */
export async function startAgent(start: AgentStart, stop: AbortSignal | undefined): Promise<AgentEnd> {
  const { child, ended, said } = spawnAgent(start, 'ignore')
  const pid = child.pid ?? 0
  const folder = start.args[start.args.indexOf('--folder') + 1] ?? ''
  for (let waited = 0; waited < READY_MS && !stop?.aborted; waited += LOOK_EACH_MS) {
    if (hasEnded(child)) return { pid, exitCode: await ended, said: said() }
    if (pid === readyPid(folder)) {
      child.stderr?.destroy()
      child.unref()
      return { pid, exitCode: undefined, said: said() }
    }
    await systemClock.sleep(LOOK_EACH_MS)
  }
  child.kill('SIGTERM')
  for (let waited = 0; waited < END_MS && !hasEnded(child); waited += LOOK_EACH_MS) await systemClock.sleep(LOOK_EACH_MS)
  child.kill('SIGKILL')
  await ended
  return { pid, exitCode: 1, said: said() || `it was not ready within ${READY_MS / 1000} s, and was ended` }
}

function spawnAgent({ process, script, args }: AgentStart, stdout: 'inherit' | 'ignore') {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', stdout, 'pipe'],
    detached: true,
    // A small young generation: what an idle agent makes is little, and V8 would let 16 MB of it stand.
    env: { ...process.env, NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --max-semi-space-size=1`.trim() },
  })
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => resolve(((text ||= JSON.stringify(asProblem(error))), 1)))
    child.once('close', (code) => resolve(code ?? 1))
  })
  return { child, ended, said: () => text }
}

const hasEnded = (child: ChildProcess) => child.pid === undefined || child.exitCode !== null || child.signalCode !== null

/** The process that has said in `state/daemon.json` that it is ready. */
function readyPid(folder: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(join(folder, 'state', 'daemon.json'), 'utf8')) as { pid?: number }).pid
  } catch {
    return undefined
  }
}
