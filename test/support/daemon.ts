import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { readPidFile } from '../../core/store/claim-file.ts'
import { makeCli, makeProcesses, type Cli, type Finish, type Said, startProgram, type Started, type StartOptions } from './cli.ts'

export const SPEC = 'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  hostCollectors:\n'

/** A store folder of real processes. Whatever daemon it has when the test ends is ended, by the pid that it wrote down. */
export interface Place {
  folder: string
  cwd: string
  /** reads and writes the same store in this process */
  cli: Cli
  /** runs the built program to its end */
  run(...argv: string[]): Promise<Said & { signal: NodeJS.Signals | null }>
  start(argv: readonly string[], options?: Partial<StartOptions>): Started
  /** the daemon's pid, while it runs */
  daemonPid(): Promise<number | undefined>
  /** a spec whose command writes its pid to `name`.pid and then sleeps; a second time it does not */
  sleeper(name: string, seconds: number): Promise<string>
  /** the pid of a sleeper, once it runs */
  sleeperPid(name: string): Promise<number | undefined>
}

/** The daemon takes any free port, unless the config says otherwise. */
export async function makePlace(finish: Finish = onTestFinished, config = 'metricsPort: 0\n'): Promise<Place> {
  const cli = await makeCli({ clock: systemClock }, finish)
  const { folder, cwd } = cli
  // A folder that is made later is seen by the store's scan only, which costs seconds.
  for (const name of ['config', 'jobs', 'requests']) await mkdir(join(folder, name), { recursive: true, mode: 0o700 })
  await writeFile(join(folder, 'config', 'scheduler.yaml'), config)
  const daemonPid = async () =>
    (await readPidFile({ path: join(folder, 'state', 'daemon.pid'), processes: makeProcesses() }))?.pid
  finish(async () => {
    const pid = await daemonPid()
    if (pid !== undefined) kill(pid)
  })
  const start: Place['start'] = (argv, options) => startProgram(argv, { folder, cwd, finish, ...options })
  return {
    folder,
    cwd,
    cli,
    start,
    run: (...argv) => start(argv).ended,
    daemonPid,
    async sleeper(name, seconds) {
      const pidFile = join(cwd, `${name}.pid`)
      finish(async () => {
        const pid = await pidIn(pidFile)
        if (pid !== undefined && (await isRunning(pid))) kill(pid)
      })
      const command = `test -e ${pidFile} && exit; echo $$ > ${pidFile}; exec sleep ${seconds}`
      return cli.file(`${name}.yaml`, `${SPEC}    - run: {collectorName: s, command: sh, args: ["-c", "${command}"]}\n`)
    },
    sleeperPid: (name) => pidIn(join(cwd, `${name}.pid`)),
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

/** True while a sleeper is there. A number may belong to another process by now; what only waits for its parent has no command line. */
export async function isRunning(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).startsWith('sleep\0')
}
