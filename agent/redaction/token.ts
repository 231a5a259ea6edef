import { createHmac } from 'node:crypto'
import { MASK } from './rule.ts'

/** Gives what stands in the place of a secret value; the value as latin1, one character a byte. */
export type MaskOf = (value: string) => string

/** Hexadecimal digits of a token: 64 bits, so that two of a million values are taken for one only once in 40 million bundles. */
const DIGITS = 16
/** Values that are remembered; the bound only keeps memory flat. */
const MAX_REMEMBERED = 10_000
/** A mask or a token and nothing else. */
const WHOLE = new RegExp(String.raw`^\*{3}HIDDEN(?:-[0-9a-f]{${DIGITS}})?\*{3}$`)

/** True for what a rule left in the place of a value: it is never masked again. */
export const isMask = (text: string): boolean => WHOLE.test(text)

/** Without tokens every value becomes the same mask. */
export const plainMask: MaskOf = () => MASK

/**
 * Masks that tell values apart: `***HIDDEN-0123456789abcdef***`, the same for the same value wherever and whenever it is found
 * under one key, of one length, and of no use to whoever has not the key. Escapes of JSON do not make another value.
 *
 * @param key 32 bytes as hexadecimal digits
 */
export function tokens(key: string): MaskOf {
  const secret = Buffer.from(key, 'hex')
  if (secret.length !== 32 || key.length !== 64) throw new TypeError('a token key is 64 hexadecimal digits')
  const known = new Map<string, string>()
  return (value) => {
    if (isMask(value)) return value
    const found = known.get(value)
    if (found !== undefined) return found
    const digest = createHmac('sha256', secret)
      .update(`redaction token\n${unescaped(value)}`, 'latin1')
      .digest('hex')
    const token = `***HIDDEN-${digest.slice(0, DIGITS)}***`
    if (known.size < MAX_REMEMBERED) known.set(value, token)
    return token
  }
}

/** A value in JSON, or in JSON inside JSON, as it is without. */
function unescaped(value: string): string {
  if (!value.includes('\\')) return value
  try {
    const once: unknown = JSON.parse(`"${value}"`)
    return typeof once === 'string' && once !== value ? unescaped(Buffer.from(once).toString('latin1')) : value
  } catch {
    return value
  }
}
