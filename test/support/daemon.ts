import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { readPidFile } from '../../core/store/claim-file.ts'
import { makeCli, makeFolder, makeProcesses, type Cli, type Said, startProgram } from './cli.ts'

export const SPEC = 'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  hostCollectors:\n'

/** A store folder of real processes. Whatever daemon it has when the test ends is ended, by the pid that it wrote down. */
export interface Place {
  folder: string
  cwd: string
  /** reads and writes the same store in this process */
  cli: Cli
  /** runs the built program */
  run(...argv: string[]): Promise<Said & { signal: NodeJS.Signals | null }>
  /** the daemon's pid, while it runs */
  daemonPid(): Promise<number | undefined>
  /** a spec whose command writes its pid to `name`.pid and then sleeps */
  sleeper(name: string, seconds: number): Promise<string>
  /** the pid of a sleeper, once it runs */
  sleeperPid(name: string): Promise<number | undefined>
}

export async function makePlace(config = 'metricsPort: 0\n'): Promise<Place> {
  const folder = await makeFolder()
  const cli = await makeCli({ folder })
  // A folder that is made later is seen by the store's scan only, which costs seconds.
  for (const name of ['config', 'jobs', 'requests']) await mkdir(join(folder, name), { recursive: true, mode: 0o700 })
  await writeFile(join(folder, 'config', 'scheduler.yaml'), config)
  const daemonPid = async () => (await readPidFile({ path: join(folder, 'state', 'daemon.pid'), processes: makeProcesses() }))?.pid
  onTestFinished(async () => {
    const pid = await daemonPid()
    if (pid !== undefined) kill(pid)
  })
  return {
    folder,
    cwd: cli.cwd,
    cli,
    run: (...argv) => startProgram(argv, { folder, cwd: cli.cwd }).ended,
    daemonPid,
    async sleeper(name, seconds) {
      const pidFile = join(cli.cwd, `${name}.pid`)
      onTestFinished(async () => {
        const pid = await pidIn(pidFile)
        if (pid !== undefined && (await isSleep(pid))) kill(pid)
      })
      return cli.file(`${name}.yaml`, `${SPEC}    - run: {collectorName: s, command: sh, args: ["-c", "echo $$ > ${pidFile}; exec sleep ${seconds}"]}\n`)
    },
    sleeperPid: (name) => pidIn(join(cli.cwd, `${name}.pid`)),
  }
}

async function pidIn(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.endsWith('\n') ? Number(text) : undefined
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}

/** A number may belong to another process by now. */
const isSleep = async (pid: number) => (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).startsWith('sleep\0')

/** True while the sleeper is there, and not only waits for its parent to notice its end. */
export const isRunning = async (pid: number): Promise<boolean> => isSleep(pid)
