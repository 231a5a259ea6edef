/** A process, told from later ones that get the same number. */
export interface ProcessId {
  pid: number
  startId: string
}

/** Who I am, and who still runs: what tells a held lock from one that a dead process left behind. */
export interface ProcessTable {
  self: ProcessId
  isAlive(process: ProcessId): boolean
}

const UNKNOWN = 'unknown'

/**
 * Tells processes apart by their number and start: field 22 of /proc/<pid>/stat with the boot's id. Where there is no /proc the
 * start is 'unknown', and a process counts as alive while its number is in use. It knows one machine and one pid namespace only.
 * `kill` and `readFile` are `process.kill` and `readFileSync(path, 'utf8')`.
 */
export function createProcessTable(system: {
  pid: number
  kill: (pid: number, signal: 0) => unknown
  readFile: (path: string) => string
}): ProcessTable {
  const boot = readBoot(system.readFile)
  const startOf = (pid: number) => readStart(system.readFile, boot, pid)
  return {
    self: { pid: system.pid, startId: startOf(system.pid) ?? UNKNOWN },
    isAlive({ pid, startId }) {
      if (!Number.isSafeInteger(pid) || pid <= 0 || !isInUse(system.kill, pid)) return false
      const now = startOf(pid)
      return startId === UNKNOWN || now === undefined || now === startId
    },
  }
}

function isInUse(kill: (pid: number, signal: 0) => unknown, pid: number): boolean {
  try {
    kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // it is there, and someone else's
  }
}

function readBoot(readFile: (path: string) => string): string {
  try {
    return readFile('/proc/sys/kernel/random/boot_id').replaceAll(/[^0-9a-f]/g, '')
  } catch {
    return ''
  }
}

/** Undefined where it cannot be known. A zombie only waits for its parent to notice: it holds nothing and gets a start of its own. */
function readStart(readFile: (path: string) => string, boot: string, pid: number): string | undefined {
  try {
    const stat = readFile(`/proc/${pid}/stat`)
    // field 2 is the program's name in brackets, and may hold spaces and brackets itself
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, start] = [fields[0] ?? '', fields[19] ?? '']
    if (!/^\d+$/.test(start)) return undefined
    return state === 'Z' || state === 'X' ? 'ended' : `${start}-${boot}`
  } catch {
    return undefined
  }
}
