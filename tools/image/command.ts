import { execFile } from 'node:child_process'
import { reasonOf } from '../../core/errors.ts'

/** Which Debian package brings a program that is not there. */
const PACKAGES: Record<string, string> = { 'apt-get': 'apt', 'dpkg-deb': 'dpkg', tar: 'tar', npm: 'npm' }
const MAX_OUTPUT_BYTES = 1024 * 1024

/**
 * Runs a program without a shell and gives what it printed.
 *
 * @throws an Error that says what is missing, or the program's own last words
 */
export function runCommand(program: string, args: readonly string[], folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: folder, maxBuffer: MAX_OUTPUT_BYTES }, (cause, stdout, stderr) => {
      if (!cause) resolve(stdout)
      else if (cause.code === 'ENOENT')
        reject(new Error(`there is no "${program}" here; on Debian it is in package ${PACKAGES[program] ?? program}`, { cause }))
      else reject(new Error(`${program} ${args[0] ?? ''} failed: ${stderr.trim() || reasonOf(cause)}`, { cause }))
    })
  })
}
