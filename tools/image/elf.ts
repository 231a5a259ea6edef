/** What this project needs to know of a 64-bit little-endian ELF file. */
export interface Elf {
  /** e_machine: 62 = x86-64, 183 = AArch64 */
  machine: number
  /** the dynamic loader that the kernel starts; libraries name none */
  interpreter: string | undefined
  /** names of the libraries it is linked to, as in `libc.so.6` */
  needed: string[]
  /** up to here the file is mapped into memory; after it there are symbols and section headers only */
  mappedBytes: number
}

interface Segment {
  type: number
  offset: number
  address: number
  size: number
}

const MAGIC = 0x46_4c_45_7f
/** the bytes after it: 64 bits, little-endian */
const CLASS = 0x02_01
const LOAD = 1
const DYNAMIC = 2
const INTERPRETER = 3
const TAG_NEEDED = 1
const TAG_STRINGS = 5
const DYNAMIC_ENTRY_BYTES = 16

/** Throws when it is no 64-bit little-endian ELF file, or is linked to nothing that can be read. */
export function readElf(file: Buffer): Elf {
  const segments = segmentsOf(file)
  const interpreter = segments.find(({ type }) => type === INTERPRETER)
  return {
    machine: file.readUInt16LE(18),
    interpreter: interpreter && textAt(file, interpreter.offset),
    needed: neededOf(file, segments),
    mappedBytes: Math.max(...segments.map(({ offset, size }) => offset + size)),
  }
}

/**
 * The program without symbols and section headers, which neither the kernel nor the dynamic loader reads. Unlike `strip` it needs
 * no tools of the other processor, and gives the same bytes on every machine.
 */
export function withoutSymbols(file: Buffer): Buffer {
  const kept = Buffer.from(file.subarray(0, readElf(file).mappedBytes))
  kept.writeBigUInt64LE(0n, 40) // e_shoff
  kept.writeUInt16LE(0, 60) // e_shnum
  kept.writeUInt16LE(0, 62) // e_shstrndx
  return kept
}

function segmentsOf(file: Buffer): Segment[] {
  if (file.length < 64 || file.readUInt32LE(0) !== MAGIC || file.readUInt16BE(4) !== CLASS)
    throw new Error('not a 64-bit little-endian ELF file')
  const [table, entryBytes, count] = [numberAt(file, 32), file.readUInt16LE(54), file.readUInt16LE(56)]
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * entryBytes
    return {
      type: file.readUInt32LE(at),
      offset: numberAt(file, at + 8),
      address: numberAt(file, at + 16),
      size: numberAt(file, at + 32),
    }
  })
}

function neededOf(file: Buffer, segments: readonly Segment[]): string[] {
  const dynamic = segments.find(({ type }) => type === DYNAMIC)
  if (!dynamic) return []
  const entries = Array.from({ length: dynamic.size / DYNAMIC_ENTRY_BYTES }, (_, index) => {
    const at = dynamic.offset + index * DYNAMIC_ENTRY_BYTES
    return { tag: numberAt(file, at), value: file.readBigUInt64LE(at + 8) }
  })
  const strings = entries.find(({ tag }) => tag === TAG_STRINGS)
  if (!strings) throw new Error('an ELF file without a table of strings')
  const table = offsetOf(Number(strings.value), segments)
  return entries.filter(({ tag }) => tag === TAG_NEEDED).map(({ value }) => textAt(file, table + Number(value)))
}

/** Where in the file that lies which is mapped to `address`. */
function offsetOf(address: number, segments: readonly Segment[]): number {
  const inside = segments.find((one) => one.type === LOAD && one.address <= address && address < one.address + one.size)
  if (!inside) throw new Error('an ELF file that points outside itself')
  return address - inside.address + inside.offset
}

const numberAt = (file: Buffer, at: number) => Number(file.readBigUInt64LE(at))
const textAt = (file: Buffer, at: number) => file.toString('latin1', at, file.indexOf(0, at))
