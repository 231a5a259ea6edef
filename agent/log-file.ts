import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '../core/clock.ts'

/** A log file that never grows past `maxBytes`: it is renamed with its time and begun anew; old ones go after `maxAgeMs`. */
export function openLogFile(
  path: string,
  limits: { maxBytes: number; maxAgeMs: number },
  clock: Clock,
): { write(line: string): void; close(): void } {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  let file = openSync(path, 'a', 0o600)
  let size = statSync(path).size
  const rotate = () => {
    closeSync(file)
    renameSync(path, `${path}.${clock.now().toISOString().replaceAll(/[-:.]/g, '')}`)
    file = openSync(path, 'a', 0o600)
    size = 0
    removeOld(path, clock.now().getTime() - limits.maxAgeMs)
  }
  return {
    write(line) {
      try {
        if (size > 0 && size + line.length > limits.maxBytes) rotate()
        size += writeSync(file, line)
      } catch {
        // A full disk must not stop what the log is about.
      }
    },
    close: () => closeSync(file),
  }
}

function removeOld(path: string, before: number): void {
  for (const name of readdirSync(dirname(path))) {
    const old = join(dirname(path), name)
    if (name.startsWith(`${basename(path)}.`) && statSync(old).mtimeMs < before) rmSync(old, { force: true })
  }
}
