/** What stands between `{{` and `}}`, cut into words. */
type Word = { kind: 'text' | 'number' | 'name' | 'field' | 'variable' | 'sign'; value: string }

export type Term =
  | { kind: 'value'; value: unknown }
  | { kind: 'dot' }
  | { kind: 'variable'; name: string }
  | { kind: 'call'; name: string }
  | { kind: 'pipe'; pipe: Pipe }
/** A term, and the fields that are asked of it one after the other. */
export interface Operand {
  term: Term
  fields: string[]
}
/** Commands whose results become the last argument of the next; kept under a variable's name if there is one. */
export interface Pipe {
  variables: string[]
  isNew: boolean
  commands: Operand[][]
}
export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'show'; pipe: Pipe }
  | { kind: 'if' | 'with' | 'range'; pipe: Pipe; body: Node[]; otherwise: Node[] }

const WORD =
  /\s+|("(?:\\[^]|[^"\\])*"|`[^`]*`|'(?:\\[^]|[^'\\])')|([+-]?(?:\d[\w.]*|\.\d+))|(\.[A-Za-z_]\w*)|(\$\w*)|([A-Za-z_]\w*)|(:=|[|()=,.])/y
const KINDS = ['text', 'number', 'field', 'variable', 'name', 'sign'] as const
const MAX_LENGTH = 64 * 1024
const CONSTANTS: Readonly<Record<string, unknown>> = { true: true, false: false, nil: undefined }

/** Reads Go's text/template, without `define`, `template` and `block`. Throws for what it cannot read. */
export function readTemplate(text: string): Node[] {
  if (text.length > MAX_LENGTH) throw new Error('the template is too long')
  const actions = [...text.matchAll(/\{\{(- )?((?:"(?:\\[^]|[^"\\])*"|`[^`]*`|(?!\}\})[^])*?)( -)?\}\}/g)]
  const pieces: (string | Word[])[] = []
  let at = 0
  let isTrimmed = false
  const plain = (raw: string, trimEnd: boolean) => {
    const left = isTrimmed ? raw.trimStart() : raw
    pieces.push(trimEnd ? left.trimEnd() : left)
  }
  for (const { 0: whole, 1: before, 2: body = '', 3: after, index } of actions) {
    plain(text.slice(at, index), before !== undefined)
    isTrimmed = after !== undefined
    at = index + whole.length
    if (!/^\s*\/\*[^]*\*\/\s*$/.test(body)) pieces.push(readWords(body))
  }
  plain(text.slice(at), false)
  if (pieces.some((piece) => typeof piece === 'string' && piece.includes('{{'))) throw new Error('an action has no end')
  const blocks = new Blocks(pieces)
  const nodes = blocks.read()
  if (blocks.end !== '') throw new Error(`"${blocks.end}" stands outside of a block`)
  return nodes
}

function readWords(body: string): Word[] {
  const words: Word[] = []
  WORD.lastIndex = 0
  while (WORD.lastIndex < body.length) {
    const from = WORD.lastIndex
    const found = WORD.exec(body)
    if (!found) throw new Error(`"${body.slice(from, from + 20)}" is not understood`)
    const which = KINDS.findIndex((_, index) => found[index + 1] !== undefined)
    const kind = KINDS[which]
    // A field directly behind a word belongs to it: `$pod.Name`, `(index . 0).Name`.
    if (kind === 'field' && /[\w)$]/.test(body[from - 1] ?? '')) words.push({ kind: 'sign', value: '.' })
    if (kind) words.push({ kind, value: found[which + 1] ?? '' })
  }
  return words
}

/** Puts actions into the blocks that they open and close. */
class Blocks {
  /** the word that closed the last block */
  end: string = ''
  #rest: Word[] = []
  #at = 0
  readonly #pieces: readonly (string | Word[])[]

  constructor(pieces: readonly (string | Word[])[]) {
    this.#pieces = pieces
  }

  read(): Node[] {
    const nodes: Node[] = []
    this.end = ''
    while (this.#at < this.#pieces.length) {
      const piece = this.#pieces[this.#at++] ?? ''
      if (typeof piece === 'string') {
        if (piece !== '') nodes.push({ kind: 'text', text: piece })
        continue
      }
      const [first] = piece
      const word = first?.kind === 'name' ? first.value : ''
      if (word === 'end' || word === 'else') {
        this.end = word
        this.#rest = piece.slice(1)
        return nodes
      }
      nodes.push(
        word === 'if' || word === 'with' || word === 'range'
          ? this.#block(word, piece.slice(1))
          : { kind: 'show', pipe: readPipe(piece) },
      )
    }
    return nodes
  }

  #block(kind: 'if' | 'with' | 'range', words: Word[]): Node {
    const pipe = readPipe(words)
    const body = this.read()
    let otherwise: Node[] = []
    if (this.end === 'else') {
      const [next, ...rest] = this.#rest
      if (next?.kind === 'name' && (next.value === 'if' || next.value === 'with')) otherwise = [this.#block(next.value, rest)]
      else {
        otherwise = this.read()
        this.#mustEnd(kind)
      }
    } else this.#mustEnd(kind)
    this.end = ''
    return { kind, pipe, body, otherwise }
  }

  #mustEnd(kind: string): void {
    if (this.end !== 'end') throw new Error(`a block "${kind}" has no end`)
  }
}

function readPipe(all: Word[]): Pipe {
  let words = all
  const variables: string[] = []
  const assign = words.findIndex(({ kind, value }) => kind === 'sign' && (value === ':=' || value === '='))
  if (assign > 0) {
    for (const { kind, value } of words.slice(0, assign)) if (kind === 'variable') variables.push(value)
    words = words.slice(assign + 1)
  }
  const queue = [...words]
  const commands = readCommands(queue)
  if (queue.length > 0) throw new Error(`"${queue[0]?.value}" is not expected`)
  return { variables, isNew: all[assign]?.value === ':=', commands }
}

function readCommands(queue: Word[]): Operand[][] {
  const commands: Operand[][] = [[]]
  while (queue.length > 0 && queue[0]?.value !== ')') {
    const [word] = queue
    if (word?.kind === 'sign' && word.value === '|') {
      queue.shift()
      commands.push([])
    } else commands.at(-1)?.push(readOperand(queue))
  }
  if (commands.some((command) => command.length === 0)) throw new Error('a command is missing')
  return commands
}

function readOperand(queue: Word[]): Operand {
  const word = queue.shift()
  if (!word) throw new Error('a value is missing')
  const { term, fields } = readTerm(word, queue)
  const following = [...fields]
  for (;;) {
    const isChained = queue[0]?.kind === 'sign' && queue[0].value === '.' && queue[1]?.kind === 'field'
    if (!isChained) return { term, fields: following }
    queue.shift()
    following.push(queue.shift()?.value.slice(1) ?? '')
  }
}

function readTerm({ kind, value }: Word, queue: Word[]): Operand {
  if (kind === 'field') return { term: { kind: 'dot' }, fields: [value.slice(1)] }
  if (kind === 'variable') return { term: { kind: 'variable', name: value }, fields: [] }
  if (kind === 'text') return { term: { kind: 'value', value: readText(value) }, fields: [] }
  if (kind === 'number') return { term: { kind: 'value', value: readNumber(value) }, fields: [] }
  if (kind === 'name')
    return {
      term: Object.hasOwn(CONSTANTS, value) ? { kind: 'value', value: CONSTANTS[value] } : { kind: 'call', name: value },
      fields: [],
    }
  if (value === '.') return { term: { kind: 'dot' }, fields: [] }
  if (value !== '(') throw new Error(`"${value}" is not expected`)
  const commands = readCommands(queue)
  if (queue.shift()?.value !== ')') throw new Error('a bracket is not closed')
  return { term: { kind: 'pipe', pipe: { variables: [], isNew: false, commands } }, fields: [] }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }

function readText(quoted: string): unknown {
  const inside = quoted.slice(1, -1)
  if (quoted.startsWith('`')) return inside
  const text = inside.replaceAll(/\\([^])/g, (_, letter: string) => ESCAPES[letter] ?? letter)
  return quoted.startsWith("'") ? text.codePointAt(0) : text
}

function readNumber(text: string): number {
  const number = Number(text.replaceAll('_', ''))
  if (Number.isNaN(number)) throw new Error(`"${text}" is not a number`)
  return number
}
