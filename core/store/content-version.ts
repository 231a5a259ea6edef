/** Odd, with about half of the bits set: multiplying loses nothing, and carries each bit far up. */
const FACTORS = [0x9e3779b1, 0x85ebca77] as const

/**
 * The version of a file's content: 64 bits in hex. It tells two states of one file apart, and withstands no attack: who may
 * write the file needs none. A sha256 of the same would cost `list` more to load than all that it reads.
 */
export function contentVersion(bytes: Uint8Array): string {
  // four bytes at a time; the words of a slice begin where those of an array must
  const whole = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
  const words = new Int32Array(whole.buffer, whole.byteOffset, whole.length >> 2)
  let a = bytes.length
  let b = ~bytes.length
  const take = (word: number) => {
    a = Math.imul(a ^ word, FACTORS[0])
    a ^= a >>> 15
    b = Math.imul(b ^ word, FACTORS[1])
    b ^= b >>> 13
  }
  for (let at = 0; at < words.length; at++) take(words[at] ?? 0)
  for (let at = words.length * 4; at < bytes.length; at++) take(bytes[at] ?? 0)
  return hex(mixed(a)) + hex(mixed(b))
}

/** Spreads what the last bytes changed over all bits. */
function mixed(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), FACTORS[1])
  return (once ^ (once >>> 13)) >>> 0
}

const hex = (value: number) => value.toString(16).padStart(8, '0')
