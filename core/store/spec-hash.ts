import { createHash } from 'node:crypto'

/** sha256 in hex: the identity of a job's spec, as ConfigMaps have no generation. */
export function specHash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
