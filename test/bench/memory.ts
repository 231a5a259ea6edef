import { readFileSync } from 'node:fs'

/** What a process has in memory, in MiB: all of it, and the part that no file stands behind. Linux only. */
export function memoryOf(pid: number): { rss: number; anonymous: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mib = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024
  return { rss: mib('VmRSS'), anonymous: mib('RssAnon') }
}
