/** One entry of a tar that a test makes by hand. */
export interface TarPart {
  name: string
  body?: string | Uint8Array
  /** one letter of ustar; default: a file */
  flag?: string
  linkTo?: string
  /** what the header says, when it lies */
  size?: number
}

const BLOCK = 512

/** The bytes of a tar: entries as they stand, however odd, and the end. */
export function tarBytes(parts: TarPart[]): Buffer {
  return Buffer.concat([...parts.map(tarPart), Buffer.alloc(2 * BLOCK)])
}

export function tarPart({ name, body = '', flag = '0', linkTo = '', size }: TarPart): Buffer {
  const bytes = Buffer.from(body)
  const header = Buffer.alloc(BLOCK)
  header.write(name, 0, 100)
  header.write('0000644\0', 100)
  header.write(`${(size ?? bytes.length).toString(8).padStart(11, '0')}\0`, 124)
  header.write('        ', 148)
  header.write(flag, 156)
  header.write(linkTo, 157, 100)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)])
}

/** A record of PAX, with its own length before it. */
export function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest + 1
  while (String(length).length + rest !== length) length = String(length).length + rest
  return `${length} ${key}=${value}\n`
}
