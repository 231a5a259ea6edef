const BLOCK = 512
const ZEROS = Buffer.alloc(BLOCK)
/** Offsets and lengths of the fields that we write, by POSIX.1-1988 (ustar). */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  link: [157, 100],
  magic: [257, 8],
  prefix: [345, 155],
} as const
type Field = keyof typeof FIELD

/** What an archive has of a file or link. There are no owners: names of the host do not leave it. */
export interface TarEntry {
  name: string
  /** of its content, in bytes; a link has none */
  size: number
  mtime: Date
  /** makes it a symbolic link */
  link?: string
}

/** Octal digits of a size field: what is larger stands in a pax header. */
const MOST_BYTES = 8 ** 11 - 1

/**
 * The blocks that stand before an entry's content: a ustar header and, where names do not fit into that or are not ASCII, a pax
 * header before it (POSIX.1-2001). Ours because a stream for each entry of a library cost more than all else about an archive.
 */
export function tarHeader({ name, size, mtime, link }: TarEntry): Buffer {
  const at = splitName(name)
  const isFit = at !== undefined && (link === undefined || isShort(link)) && size <= MOST_BYTES
  const [prefix, rest] = at === undefined ? ['', `entry-${short(name)}`] : [name.slice(0, Math.max(0, at - 1)), name.slice(at)]
  const main = header({
    name: rest,
    prefix,
    size: Math.min(size, MOST_BYTES),
    mtime,
    link: link === undefined || isShort(link) ? link : short(link),
    type: link === undefined ? '0' : '2',
  })
  if (isFit) return main
  const records = Buffer.concat([
    record('path', name),
    ...(link === undefined ? [] : [record('linkpath', link)]),
    ...(size > MOST_BYTES ? [record('size', String(size))] : []),
  ])
  const extended = header({ name: 'pax', prefix: '', size: records.length, mtime, link: undefined, type: 'x' })
  return Buffer.concat([extended, records, tarPadding(records.length), main])
}

/** What fills up the last block of so many bytes. */
export const tarPadding = (bytes: number): Buffer => ZEROS.subarray(0, (BLOCK - (bytes % BLOCK)) % BLOCK)

/** Two empty blocks. */
export const TAR_END = Buffer.alloc(2 * BLOCK)

interface Header extends Omit<TarEntry, 'link'> {
  prefix: string
  link: string | undefined
  type: string
}

function header({ name, prefix, size, mtime, link, type }: Header): Buffer {
  const block = Buffer.alloc(BLOCK)
  const put = (field: Field, text: string) => block.write(text, FIELD[field][0], FIELD[field][1], 'latin1')
  const octal = (field: Field, value: number) => put(field, `${value.toString(8).padStart(FIELD[field][1] - 1, '0')}\0`)
  put('name', name)
  octal('mode', link === undefined ? 0o644 : 0o777)
  octal('uid', 0)
  octal('gid', 0)
  octal('size', size)
  octal('mtime', Math.max(0, Math.floor(mtime.getTime() / 1000)))
  put('type', type)
  if (link !== undefined) put('link', link)
  put('magic', 'ustar\x0000')
  put('prefix', prefix)
  put('checksum', '        ')
  let sum = 0
  for (let at = 0; at < BLOCK; at++) sum += block[at] as number
  put('checksum', `${sum.toString(8).padStart(6, '0')}\0 `)
  return block
}

/** Where the last part of a name begins that fits into the name, when the folders before it fit into the prefix. */
function splitName(name: string): number | undefined {
  if (!isAscii(name)) return undefined
  if (name.length <= FIELD.name[1]) return 0
  const slash = name.indexOf('/', name.length - FIELD.name[1] - 1)
  return slash > 0 && slash <= FIELD.prefix[1] && slash < name.length - 1 ? slash + 1 : undefined
}

const isAscii = (text: string) => /^[\x20-\x7e]*$/.test(text)
const isShort = (text: string) => isAscii(text) && text.length <= FIELD.link[1]
/** For readers that know no pax headers. */
const short = (text: string) =>
  text
    .replaceAll(/[^\x21-\x7e]/g, '_')
    .replaceAll('/', '_')
    .slice(-90)

/** `<length> key=value\n`, in which the length counts itself. */
function record(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`)
  let length = rest.length + 1
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return Buffer.concat([Buffer.from(String(length)), rest])
}
