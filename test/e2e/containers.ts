import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { NODE } from './components.ts'

const run = promisify(execFile)
/** containerd keeps what the kubelet asks for apart from all else. */
const ctr = async (...args: string[]) =>
  (await run('ctr', ['--address', NODE.containerd, '--namespace', 'k8s.io', ...args])).stdout

/**
 * Makes an image known to the node under the name that its archive gives it; pods use it with imagePullPolicy Never or IfNotPresent.
 *
 * @param archive path of an OCI archive (tar)
 */
export async function importArchive(archive: string): Promise<void> {
  await ctr('images', 'import', archive)
}

/**
 * The process id of a container, as this pid namespace counts it: a test may send it any signal, or look into /proc/<pid>/root.
 *
 * @param containerId `containerd://<id>`, as a pod's status has it
 * @throws a plain Error when it does not run
 */
export async function containerPid(containerId: string): Promise<number> {
  const id = containerId.replace('containerd://', '')
  const line = (await ctr('tasks', 'list')).split('\n').find((one) => one.startsWith(id))
  const [, pid, state] = line?.split(/\s+/) ?? []
  if (state !== 'RUNNING') throw new Error(`container ${id} does not run: ${line ?? 'containerd does not know it'}`)
  return Number(pid)
}

/** Bytes of anonymous memory of all processes in the container of this process: what its memory limit counts and no cache is. */
export function anonymousBytes(pid: number): number {
  const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n')
  const [, , path = ''] = (groups.find((line) => /^\d+:memory:/.test(line)) ?? groups.at(-2) ?? '').split(':')
  // version 1 calls it rss, version 2, which has one hierarchy for all, anon
  const file = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup']
    .map((root) => `${root}${path}/memory.stat`)
    .find((one) => existsSync(one))
  const [, bytes] = /^(?:total_rss|anon) (\d+)$/m.exec(file ? readFileSync(file, 'utf8') : '') ?? []
  if (bytes === undefined) throw new Error(`there is no memory.stat for process ${pid}`)
  return Number(bytes)
}
