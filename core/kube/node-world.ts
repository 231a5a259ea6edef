import { readFileSync } from 'node:fs'
import type { Clock } from '../clock.ts'
import type { RunProgram } from './exec-credentials.ts'
import type { KubeWorld } from './kubeconfig.ts'

/** A program that nobody can answer has this long to give credentials. */
const RUN_MS = 60_000
const MAX_OUTPUT_BYTES = 1024 * 1024

/** The real world for `loadKubeconfig`: this machine's files and programs, the environment as the program was given it. */
export function nodeKubeWorld(of: {
  env: Readonly<Record<string, string | undefined>>
  homeFolder: string
  clock: Clock
  /** a person sits at the terminal: programs may ask there */
  interactive: boolean
}): KubeWorld {
  return { ...of, readFile: async (path) => readFileSync(path), run: runner(of.env, of.clock) }
}

function runner(env: Readonly<Record<string, string | undefined>>, clock: Clock): RunProgram {
  return async (command, args, options) => {
    const { spawn } = await import('node:child_process')
    return new Promise((resolve, reject) => {
      const terminal = options.interactive ? 'inherit' : undefined
      const stdio = [terminal ?? 'ignore', 'pipe', terminal ?? 'pipe'] as const
      const child = spawn(command, args, { env: { ...env, ...options.env }, stdio: [...stdio], windowsHide: true })
      const over = new AbortController()
      if (!options.interactive) {
        const kill = () => {
          child.kill('SIGKILL')
          reject(new Error(`it gave no answer within ${RUN_MS / 1000} s`))
        }
        clock.sleep(RUN_MS, over.signal).then(kill, () => undefined)
      }
      const output = { stdout: '', stderr: '' }
      for (const name of ['stdout', 'stderr'] as const) {
        child[name]?.setEncoding('utf8').on('data', (text: string) => {
          if (output[name].length < MAX_OUTPUT_BYTES) output[name] += text
        })
      }
      child.once('error', (error) => {
        over.abort(error)
        reject(error)
      })
      child.once('close', (code, signal) => {
        over.abort(new Error('done'))
        resolve({ ...output, exitCode: code ?? (signal ? 128 : 1) })
      })
    })
  }
}
