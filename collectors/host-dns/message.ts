/** Types that are asked for: https://www.iana.org/assignments/dns-parameters */
export const TYPES = { A: 1, AAAA: 28, CNAME: 5 } as const
export type RecordType = keyof typeof TYPES

const CLASS_IN = 1
const HEADER_BYTES = 12
const MAX_JUMPS = 32

/** The first answer of a message: as a line of a zone file, and its data alone. */
export interface FirstAnswer {
  line: string
  /** empty when the record is of another type than was asked for */
  record: string
}

/** A question for one name, which ends in a dot (RFC 1035, section 4). Throws for what is no name. */
export function encodeQuestion(id: number, name: string, type: RecordType): Uint8Array {
  const labels = name
    .split('.')
    .slice(0, -1)
    .map((label) => Buffer.from(label))
  if (labels.some(({ length }) => length === 0 || length > 63)) throw new Error(`"${name}" is not a name`)
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(0x0100, 2) // recursion is desired
  header.writeUInt16BE(1, 4)
  const tail = Buffer.from([0, 0, TYPES[type], 0, CLASS_IN])
  return Buffer.concat([header, ...labels.flatMap((label) => [Buffer.from([label.length]), label]), tail])
}

/** Undefined when the message has no answer. Throws for what is no answer to that question. */
export function firstAnswer(bytes: Uint8Array, id: number, asked: RecordType): FirstAnswer | undefined {
  const message = Buffer.from(bytes)
  if (message.length < HEADER_BYTES || message.readUInt16BE(0) !== id) throw new Error('it is no answer to what was asked')
  if (message.readUInt16BE(6) === 0) return undefined
  let at = HEADER_BYTES
  for (let count = message.readUInt16BE(4); count > 0; count--) at = readName(message, at).end + 4
  const { name, end } = readName(message, at)
  const [type, ttl, length] = [message.readUInt16BE(end), message.readUInt32BE(end + 4), message.readUInt16BE(end + 8)]
  const known = Object.entries(TYPES).find(([, number]) => number === type)?.[0] as RecordType | undefined
  const data = known ? readData(message, end + 10, length, known) : ''
  return { line: [name, ttl, 'IN', known ?? `TYPE${type}`, data].join('\t'), record: known === asked ? data : '' }
}

function readData(message: Buffer, at: number, length: number, type: RecordType): string {
  if (type === 'CNAME') return readName(message, at).name
  const bytes = message.subarray(at, at + length)
  if (bytes.length !== (type === 'A' ? 4 : 16)) throw new Error('a record is cut off')
  if (type === 'A') return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  // the language knows how addresses are shortened
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

/** A name with its dots, and where what follows it begins. Names may point to parts of others before them. */
function readName(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = []
  let end: number | undefined
  let at = start
  for (let jumps = 0; ;) {
    const length = message.readUInt8(at)
    if (length === 0) return { name: `${labels.join('.')}.`, end: end ?? at + 1 }
    if (length < 64) {
      labels.push(printable(message.subarray(at + 1, at + 1 + length)))
      at += 1 + length
      continue
    }
    if (++jumps > MAX_JUMPS) throw new Error('a name points to itself')
    end ??= at + 2
    at = message.readUInt16BE(at) & 0x3fff
  }
}

/** As in zone files: dots and what is no letter or sign stand as their number. */
const printable = (label: Buffer) =>
  [...label]
    .map((byte) => (byte > 32 && byte < 127 && byte !== 46 ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`))
    .join('')
