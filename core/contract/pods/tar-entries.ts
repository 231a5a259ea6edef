import { ByteReader } from './byte-reader.ts'

/** One entry of a tar stream. Its body is read before the next entry is asked for, or not at all. */
export interface TarEntry {
  /** as the archive has it: it may be absolute, or lead out of a folder */
  name: string
  type: 'file' | 'folder' | 'link' | 'other'
  /** of a link */
  linkTo: string
  /** bytes */
  size: number
  body: AsyncIterable<Uint8Array>
}

const BLOCK = 512
/** Of a name that stands before its entry: a longer one would be held in memory for nothing. */
const META_BYTES = 1024 * 1024
const TYPES: Readonly<Record<string, TarEntry['type']>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  '5': 'folder',
  '1': 'link',
  '2': 'link',
}
const decoder = new TextDecoder()

interface Meta {
  path?: string
  linkpath?: string
  size?: number
  isSparse?: boolean
}

/**
 * The entries of a tar as they come: ustar, with names of PAX and GNU. Reads the source to its end; what is not read of an entry
 * is passed over.
 *
 * @throws Error when the archive breaks off or is none, or what the source throws
 */
export async function* tarEntries(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(source)
  try {
    let meta: Meta = {}
    for (;;) {
      const block = await reader.block(BLOCK)
      // Two empty blocks end it; what comes behind them is padding.
      if (block === undefined || block.every((byte) => byte === 0)) break
      const header = readHeader(block)
      if (isMeta(header.flag)) {
        Object.assign(meta, await readMeta(reader, header))
        continue
      }
      const { path: name = header.name, linkpath: linkTo = header.linkTo, size = header.size } = meta
      const isSparse = meta.isSparse || header.flag === 'S'
      if (header.flag === 'S') await passSparseMap(reader, block)
      meta = {}
      const isOldFolder = header.flag === '\0' && name.endsWith('/')
      const type = isSparse ? 'other' : isOldFolder ? 'folder' : (TYPES[header.flag] ?? 'other')
      // A link has no content, whatever its size says.
      const left = type === 'link' || type === 'folder' ? 0 : size
      const body = reader.pieces(left)
      yield { name, type, linkTo, size: left, body }
      await reader.pass()
      await reader.skip(padding(left))
    }
    await reader.drain()
  } finally {
    await reader.close()
  }
}

const padding = (size: number) => (BLOCK - (size % BLOCK)) % BLOCK
const isMeta = (flag: string) => 'xgLK'.includes(flag)

interface Header {
  name: string
  linkTo: string
  flag: string
  size: number
}

function readHeader(block: Uint8Array): Header {
  const text = (at: number, length: number) => {
    const field = block.subarray(at, at + length)
    const end = field.indexOf(0)
    return decoder.decode(end < 0 ? field : field.subarray(0, end))
  }
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  if (parseInt(text(148, 8).trim(), 8) !== sum) throw new Error('what it gave is no tar archive')
  const isUstar = text(257, 6) === 'ustar'
  const prefix = isUstar ? text(345, 155) : ''
  const name = text(0, 100)
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkTo: text(157, 100),
    flag: String.fromCharCode(block[156] ?? 0),
    size: readSize(block.subarray(124, 136), text(124, 12)),
  }
}

/** Octal, or binary when the first bit says so: files of 8 GiB and more. */
function readSize(field: Uint8Array, octal: string): number {
  const isBinary = (field[0] ?? 0) >= 0x80
  const size = isBinary ? field.subarray(1).reduce((total, byte) => total * 256 + byte, 0) : parseInt(octal.trim() || '0', 8)
  return checkedSize(size)
}

function checkedSize(size: number): number {
  if (!Number.isSafeInteger(size) || size < 0) throw new Error('the archive tells an impossible size')
  return size
}

/** What stands before an entry and holds for it alone; what holds for all entries is never a name. */
async function readMeta(reader: ByteReader, { flag, size }: Header): Promise<Meta> {
  if (size > META_BYTES) throw new Error('a name in the archive is too long')
  const block = (await reader.block(size + padding(size))) ?? new Uint8Array()
  const bytes = block.subarray(0, size)
  const text = () => decoder.decode(bytes).replace(/\0.*$/s, '')
  if (flag === 'L') return { path: text() }
  if (flag === 'K') return { linkpath: text() }
  return flag === 'x' ? readPax(bytes) : {}
}

/** Records of PAX: `<length of the record> <key>=<value>` and a line feed. */
function readPax(bytes: Uint8Array): Meta {
  const meta: Meta = {}
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(32, at)
    const length = blank < 0 ? NaN : Number(decoder.decode(bytes.subarray(at, blank)))
    if (!Number.isInteger(length) || length <= blank - at || at + length > bytes.length)
      throw new Error('the archive has a broken name')
    const record = decoder.decode(bytes.subarray(blank + 1, at + length - 1))
    const equals = record.indexOf('=')
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)]
    if (key === 'path' || key === 'linkpath') meta[key] = value
    if (key === 'size') meta.size = checkedSize(Number(value))
    if (key.startsWith('GNU.sparse.')) meta.isSparse = true
    at += length
  }
  return meta
}

/** A sparse file of GNU: more blocks tell where its pieces go, as long as a flag says so. */
async function passSparseMap(reader: ByteReader, header: Uint8Array): Promise<void> {
  for (let isLonger = header[482] === 1; isLonger;) {
    const block = await reader.block(BLOCK)
    isLonger = block?.[504] === 1
  }
}
