import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { writePrivate } from '../state-file.ts'

/**
 * Whom a runner obeys: the first that names a secret. Nothing of a job runs before that, as only who is obeyed can start
 * something; so the first is the agent. Tasks can reach the socket but do not know the secret, of which the runner keeps no more
 * than a digest.
 */
export function firstSecret(): (secret: string) => boolean {
  let known: Buffer | undefined
  return (secret) => {
    const digest = createHash('sha256').update(secret).digest()
    known ??= digest
    return timingSafeEqual(known, digest)
  }
}

const SHORTEST = 32

/**
 * The agent's secret, made at its first start. `path` lies where the runner's container cannot look, and outlives a restart of
 * the agent's: the runner goes on to ask for the same one.
 */
export async function agentSecret(path: string, newSecret: () => string): Promise<string> {
  const found = (await readFile(path, 'utf8').catch(() => '')).trim()
  if (found.length >= SHORTEST) return found
  const made = newSecret()
  await writePrivate(path, made)
  return made
}
