import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '../core/clock.ts'

export interface LogFile {
  /** never throws: a full disk must not stop what the log is about */
  write(line: string): void
  close(): void
}

/**
 * A log file that does not grow past `maxBytes`, but for one line: it is renamed with its time and begun anew; old ones go
 * after `maxAgeMs`. Throws system errors when it cannot be opened.
 */
export function openLogFile(path: string, limits: { maxBytes: number; maxAgeMs: number }, clock: Clock): LogFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  let file = openSync(path, 'a', 0o600)
  let size = statSync(path).size
  const sweep = () => removeOld(path, clock.now().getTime() - limits.maxAgeMs)
  sweep()
  const rotate = () => {
    if (existsSync(path)) renameSync(path, freeName(`${path}.${clock.now().toISOString().replaceAll(/[-:.]/g, '')}`))
    const old = file
    // The old one stays open until there is a new one: its number may be another file's as soon as it is closed.
    file = openSync(path, 'a', 0o600)
    size = 0
    closeSync(old)
    sweep()
  }
  return {
    write(line) {
      if (size > 0 && size + Buffer.byteLength(line) > limits.maxBytes) quietly(rotate)
      quietly(() => (size += writeSync(file, line)))
    },
    close: () => closeSync(file),
  }
}

function quietly(work: () => void): void {
  try {
    work()
  } catch {
    // There is no place left to say it.
  }
}

/** Several may be renamed within a millisecond. */
function freeName(path: string): string {
  let name = path
  for (let next = 1; existsSync(name); next++) name = `${path}-${next}`
  return name
}

function removeOld(path: string, before: number): void {
  const folder = dirname(path)
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(path)}.`) || !/\.\d{8}T\d{9}Z(-\d+)?$/.test(name)) continue
    const old = join(folder, name)
    quietly(() => void (statSync(old).mtimeMs < before && rmSync(old, { force: true })))
  }
}
