import { literal, perlClass, posixClass, unicodeClass } from './character-classes.ts'

/** A regular expression of Go's syntax, made ready for this engine. */
export interface GoRegexp {
  regexp: RegExp
  /** name of each group, '' for groups without one; index 0 is the whole match */
  names: string[]
}

interface Flags {
  multiline: boolean
  dotAll: boolean
  ungreedy: boolean
}

const MAX_REPEAT = 1000
const SINGLE_ESCAPES: Readonly<Record<string, string>> = { a: '\x07', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }
const ZERO_WIDTH: Readonly<Record<string, string>> = { A: '^', z: '$', b: '\\b', B: '\\B' }

/**
 * Translates RE2 syntax, as specs use it, so that it matches the same text. Throws for what Go refuses too (look-around,
 * back-references), and for the one thing that cannot be said here: a part that ignores case while the rest does not.
 */
export function compileGoRegexp(pattern: string): GoRegexp {
  const translator = new Translator(pattern)
  translator.translate()
  try {
    return { regexp: new RegExp(translator.output, translator.ignoresCase ? 'iu' : 'u'), names: translator.names }
  } catch {
    throw refused(pattern, 'it is not well-formed')
  }
}

const refused = (pattern: string, reason: string): Error =>
  new Error(`the regular expression ${JSON.stringify(pattern)} is not supported: ${reason}`)

class Translator {
  output = ''
  ignoresCase = false
  readonly names = ['']
  readonly #pattern: string
  #rest: string
  #flags: Flags = { multiline: false, dotAll: false, ungreedy: false }
  readonly #outer: Flags[] = []

  constructor(pattern: string) {
    this.#pattern = pattern
    this.#rest = pattern
  }

  translate(): void {
    while (this.#rest !== '') {
      if (this.#takeGroup() || this.#takeRepetition() || this.#takeEscape() || this.#takeClass()) continue
      const [character = ''] = this.#rest
      this.#rest = this.#rest.slice(character.length)
      this.output += this.#plain(character)
    }
  }

  #plain(character: string): string {
    if (character === '.') return this.#flags.dotAll ? '[^]' : '[^\\n]'
    if (character === '^') return this.#flags.multiline ? '(?<![^\\n])' : '^'
    if (character === '$') return this.#flags.multiline ? '(?![^\\n])' : '$'
    return character === '|' ? '|' : literal(character)
  }

  /** Consumes what `expression`, which is sticky, finds at the front. */
  #take(expression: RegExp): RegExpExecArray | undefined {
    const found = expression.exec(this.#rest)
    if (found) this.#rest = this.#rest.slice(found[0].length)
    return found ?? undefined
  }

  #takeGroup(): boolean {
    if (this.#take(/^\)/)) {
      this.#flags = this.#outer.pop() ?? this.#flags
      this.output += ')'
      return true
    }
    const flags = this.#take(/^\(\?([imsU]*)(?:-([imsU]*))?([:)])/)
    if (flags) {
      const [, on = '', off = '', end] = flags
      if (end === ':') this.#open('(?:')
      this.#setFlags(on, off)
      return true
    }
    const named = this.#take(/^\(\?P?<(\w+)>/)
    if (!named && !this.#take(/^\((?!\?)/)) {
      if (this.#rest.startsWith('(')) throw refused(this.#pattern, `"${this.#rest.slice(0, 4)}" is not known`)
      return false
    }
    // Groups are numbered here and named in `names`: Go allows one name several times.
    this.names.push(named?.[1] ?? '')
    this.#open('(')
    return true
  }

  #open(bracket: string): void {
    this.output += bracket
    this.#outer.push(this.#flags)
  }

  #setFlags(on: string, off: string): void {
    const value = (letter: string, before: boolean) => (on.includes(letter) || before) && !off.includes(letter)
    const { multiline, dotAll, ungreedy } = this.#flags
    this.#flags = { multiline: value('m', multiline), dotAll: value('s', dotAll), ungreedy: value('U', ungreedy) }
    const ignoresCase = value('i', this.ignoresCase)
    if (ignoresCase === this.ignoresCase) return
    // One flag for the whole: right only if this stands before all else and holds to the end.
    const holdsToTheEnd = this.#outer.length === 0 || (this.#outer.length === 1 && closesAtTheEnd(this.#rest))
    if (!/^(?:\(\?:)?$/.test(this.output) || !holdsToTheEnd) throw refused(this.#pattern, 'only a part of it ignores case')
    this.ignoresCase = ignoresCase
  }

  #takeRepetition(): boolean {
    const found = this.#take(/^(?:[*+?]|\{\d+(?:,\d*)?\})(\??)/)
    if (!found) return false
    const [whole, lazy] = found
    const count = lazy ? whole.slice(0, -1) : whole
    if (count.match(/\d+/g)?.some((number) => Number(number) > MAX_REPEAT))
      throw refused(this.#pattern, `it repeats more than ${MAX_REPEAT} times`)
    this.output += count + ((lazy === '?') === this.#flags.ungreedy ? '' : '?')
    return true
  }

  #takeEscape(): boolean {
    if (!this.#rest.startsWith('\\')) return false
    const quoted = this.#take(/^\\Q([^]*?)(?:\\E|$)/)
    if (quoted) this.output += Array.from(quoted[1] ?? '', literal).join('')
    const zeroWidth = quoted ? undefined : this.#take(/^\\([AzbB])/)
    if (zeroWidth) this.output += ZERO_WIDTH[zeroWidth[1] ?? '']
    if (quoted || zeroWidth) return true
    const set = this.#takeSet()
    this.output += set === undefined ? literal(this.#takeEscapedCharacter()) : `[${set}]`
    return true
  }

  /** `\d`, `\pL` and their like, as the inside of a class. */
  #takeSet(): string | undefined {
    const unicode = this.#take(/^\\([pP])(?:\{(\^?\w+)\}|([A-Z]))/)
    if (unicode) return unicodeClass(unicode[2] ?? unicode[3] ?? '', unicode[1] === 'P')
    const perl = this.#take(/^\\([dDsSwW])/)
    return perl && perlClass(perl[1] ?? '')
  }

  #takeEscapedCharacter(): string {
    const number = this.#take(/^\\(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,6})\}|(0[0-7]{0,2}|[1-7][0-7]{1,2}))/)
    if (number) {
      const code = number[3] === undefined ? Number.parseInt(number[1] ?? number[2] ?? '', 16) : Number.parseInt(number[3], 8)
      if (code > 0x10ffff) throw refused(this.#pattern, `"${number[0]}" is no character`)
      return String.fromCodePoint(code)
    }
    const single = this.#take(/^\\([afnrtv])/)
    if (single) return SINGLE_ESCAPES[single[1] ?? ''] ?? ''
    const punctuation = this.#take(/^\\([^\w\s]|_)/u)
    if (punctuation) return punctuation[1] ?? ''
    throw refused(this.#pattern, `"${this.#rest.slice(0, 2)}" is not known`)
  }

  #takeClass(): boolean {
    const start = this.#take(/^\[(\^?)/)
    if (!start) return false
    let set = ''
    for (let isFirst = true; isFirst || !this.#rest.startsWith(']'); isFirst = false) {
      if (this.#rest === '') throw refused(this.#pattern, 'a class has no end')
      set += this.#takeClassItem()
    }
    this.#rest = this.#rest.slice(1)
    this.output += `[${start[1]}${set}]`
    return true
  }

  #takeClassItem(): string {
    const posix = this.#take(/^\[:(\^?)(\w+):\]/)
    if (posix) {
      const set = posixClass(posix[2] ?? '', posix[1] === '^')
      if (set === undefined) throw refused(this.#pattern, `"${posix[0]}" is not known`)
      return set
    }
    const set = this.#takeSet()
    if (set !== undefined) return set
    const low = this.#takeClassCharacter()
    if (!/^-[^\]]/.test(this.#rest)) return literal(low)
    this.#rest = this.#rest.slice(1)
    return `${literal(low)}-${literal(this.#takeClassCharacter())}`
  }

  #takeClassCharacter(): string {
    if (this.#rest.startsWith('\\')) return this.#takeEscapedCharacter()
    const [character = ''] = this.#rest
    this.#rest = this.#rest.slice(character.length)
    return character
  }
}

/** Whether the group that is open at the start of `rest` is closed by its last character. */
function closesAtTheEnd(rest: string): boolean {
  const bare = rest.replaceAll(/\\[^]|\[\^?\]?(?:\\[^]|\[:\^?\w+:\]|[^\]\\])*\]/g, '')
  let depth = 1
  for (let index = 0; index < bare.length; index++) {
    if (bare[index] === '(') depth++
    if (bare[index] === ')' && --depth === 0) return index === bare.length - 1
  }
  return false
}
