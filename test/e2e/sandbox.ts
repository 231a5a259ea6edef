import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { systemClock } from '../../core/clock.ts'
import { isAlive } from './processes.ts'

/** Holds the folder's path within the namespaces; without it nothing that belongs there may start. */
export const FOLDER_VARIABLE = 'SUPPORT_BUNDLE_SCHEDULE_E2E_FOLDER'

const PREFIX = 'sbs-e2e-'
const OWNER = 'owner.json'
const CGROUPS = '/sys/fs/cgroup'
/** What a kubelet sets for the whole machine; there is no namespace for these. */
const SETTINGS = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
].map((name) => `/proc/sys/${name}`)

/**
 * The first process of the pid namespace: waits for the command, and for every orphan that is handed to it (a container's shim is
 * one). When it ends, the kernel ends all that is left in the namespace, so nothing has to be looked for by name.
 */
const FIRST_PROCESS = ['sh', '-c', '"$@"; exit $?', 'first']
/** The first process dies with unshare, and unshare with the process that started it, even by SIGKILL. */
const UNSHARE = [
  ...['--pdeathsig', 'KILL', 'unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
  ...['--propagation', 'private', '--'],
]

/** Whose run it is, and what the machine's settings were before. */
interface Owner {
  pid: number
  settings: { path: string; value: string }[]
}

/** A folder and a cgroup for one run; `end` may be called at any time and more than once. */
export interface Sandbox {
  /** Runs a command in network, mount and pid namespaces of its own; gives its exit code once nothing of it is left. */
  run(command: string[], env: NodeJS.ProcessEnv): Promise<number>
  /** Ends what runs, then removes folder and cgroup and sets the machine's settings back. */
  end(): Promise<void>
}

export function createSandbox(): Sandbox {
  sweepDeadSandboxes()
  const folder = mkdtempSync(join(tmpdir(), PREFIX))
  for (const name of ['home', 'tmp']) mkdirSync(join(folder, name))
  const settings = SETTINGS.filter(existsSync).map((path) => ({ path, value: readFileSync(path, 'utf8') }))
  writeFileSync(join(folder, OWNER), JSON.stringify({ pid: process.pid, settings } satisfies Owner))
  for (const hierarchy of hierarchies()) mkdirSync(join(hierarchy, cgroupOf(folder)))
  let child: ChildProcess | undefined
  let ending: Promise<void> | undefined
  return {
    run(command, env) {
      const args = [...UNSHARE, ...FIRST_PROCESS, ...command]
      const started = spawn('setpriv', args, {
        stdio: 'inherit',
        env: { ...env, ...homesIn(folder, env), [FOLDER_VARIABLE]: folder },
      })
      child = started
      return new Promise((resolve, reject) => {
        started.once('error', reject)
        started.once('exit', (code) => resolve(code ?? 1))
      })
    },
    end: () => (ending ??= end(folder, child)),
  }
}

async function end(folder: string, child: ChildProcess | undefined): Promise<void> {
  if (child && child.exitCode === null && child.signalCode === null) {
    const first = childrenOf(child.pid)
    child.kill('SIGKILL') // the first process follows it; once that is gone, so are all others
    while (first.some(isAlive)) await systemClock.sleep(10)
  }
  removeTraces(folder)
}

/** What runs there writes nothing to the user's home, and reads only the cache with the built programs. */
const homesIn = (folder: string, env: NodeJS.ProcessEnv) => ({
  HOME: join(folder, 'home'),
  TMPDIR: join(folder, 'tmp'),
  XDG_CACHE_HOME: env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
})

/** Path below each cgroup hierarchy, for the kubelet: its pods live there and nowhere else. */
export const cgroupOf = (folder: string) => `/${basename(folder)}`

/** Version 1 has a hierarchy a controller, version 2 one for all. */
function hierarchies(): string[] {
  if (existsSync(join(CGROUPS, 'cgroup.controllers'))) return [CGROUPS]
  return readdirSync(CGROUPS).map((name) => join(CGROUPS, name))
}

function childrenOf(pid: number | undefined): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** What a run leaves that was itself killed. Its processes ended with it. */
function sweepDeadSandboxes(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = join(tmpdir(), name)
    const owner = ownerOf(folder)
    if (owner && !isAlive(owner.pid)) removeTraces(folder)
  }
}

function removeTraces(folder: string): void {
  for (const { path, value } of ownerOf(folder)?.settings ?? [])
    if (readFileSync(path, 'utf8') !== value) writeFileSync(path, value)
  for (const hierarchy of hierarchies()) removeCgroup(join(hierarchy, cgroupOf(folder)))
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

function ownerOf(folder: string): Owner | undefined {
  const path = join(folder, OWNER)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Owner) : undefined
}

/** From the leaves up. One that still holds a process refuses, and that is an error worth seeing. */
function removeCgroup(path: string): void {
  if (!existsSync(path)) return
  for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) removeCgroup(join(path, entry.name))
  rmdirSync(path)
}
