import { createReadStream } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

const BLOCK_BYTES = 512
const READ_BYTES = 1024 * 1024

/**
 * A tar (ustar) of all that is below `folder`: names sorted by their bytes, times zero, owner root, the modes of the files. The same
 * files give the same bytes, whoever made them, when, and in which order.
 *
 * @param modes for all files and all folders, instead of their own, which the umask of their maker decides
 * @throws for what is neither a file nor a folder, and for a path that ustar cannot hold
 */
export async function* tarOf(folder: string, modes?: { file: number; folder: number }): AsyncGenerator<Buffer> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const names = found.map((entry) => Buffer.from(relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/')))
  for (const name of names.sort(Buffer.compare).map(String)) {
    const path = join(folder, name)
    const facts = await lstat(path)
    const own = facts.mode & 0o7777
    if (facts.isDirectory()) yield header(`${name}/`, modes?.folder ?? own, 0, '5')
    else if (facts.isFile()) {
      yield header(name, modes?.file ?? own, facts.size, '0')
      for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) yield chunk as Buffer
      yield Buffer.alloc((BLOCK_BYTES - (facts.size % BLOCK_BYTES)) % BLOCK_BYTES)
    } else throw new Error(`${path} is neither a file nor a folder`)
  }
  yield Buffer.alloc(2 * BLOCK_BYTES)
}

const NAME_BYTES = 100
const PREFIX_BYTES = 155
const SUM_AT = 148

function header(path: string, mode: number, size: number, type: '0' | '5'): Buffer {
  const { prefix, name } = splitName(path)
  const block = Buffer.alloc(BLOCK_BYTES)
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0')
  const fields: [at: number, text: string][] = [
    [0, name],
    [100, octal(mode, 7)],
    [108, octal(0, 7)], // owner
    [116, octal(0, 7)], // group
    [124, octal(size, 11)],
    [136, octal(0, 11)], // time
    [SUM_AT, ' '.repeat(8)],
    [156, type],
    [257, 'ustar\u000000'],
    [345, prefix],
  ]
  for (const [at, text] of fields) block.write(text, at)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)}\0 `, SUM_AT)
  return block
}

/** A path that is too long for its field goes into two, cut at a slash. */
function splitName(path: string): { prefix: string; name: string } {
  if (Buffer.byteLength(path) <= NAME_BYTES) return { prefix: '', name: path }
  for (let cut = path.indexOf('/'); cut > 0; cut = path.indexOf('/', cut + 1)) {
    const [prefix, name] = [path.slice(0, cut), path.slice(cut + 1)]
    if (name && Buffer.byteLength(name) <= NAME_BYTES && Buffer.byteLength(prefix) <= PREFIX_BYTES) return { prefix, name }
  }
  throw new Error(`too long a path for a tar: ${path}`)
}
