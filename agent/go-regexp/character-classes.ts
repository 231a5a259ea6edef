/** Sets of characters, as the inside of a JavaScript class in Unicode mode. */

const ASCII_SPACE = '\\t\\n\\f\\r\\x20'

/** Classes like `\d`; Go's are ASCII. */
const PERL: Readonly<Record<string, string>> = {
  d: '0-9',
  D: '\\0-\\x2f\\x3a-\\u{10ffff}',
  s: ASCII_SPACE,
  S: '\\0-\\x08\\x0b\\x0e-\\x1f\\x21-\\u{10ffff}',
  w: '0-9A-Za-z_',
  W: '\\0-\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\u{10ffff}',
}

const POSIX: Readonly<Record<string, [set: string, complement: string]>> = {
  alnum: ['0-9A-Za-z', '\\0-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\u{10ffff}'],
  alpha: ['A-Za-z', '\\0-\\x40\\x5b-\\x60\\x7b-\\u{10ffff}'],
  ascii: ['\\0-\\x7f', '\\x80-\\u{10ffff}'],
  blank: ['\\t\\x20', '\\0-\\x08\\x0a-\\x1f\\x21-\\u{10ffff}'],
  cntrl: ['\\0-\\x1f\\x7f', '\\x20-\\x7e\\x80-\\u{10ffff}'],
  digit: ['0-9', '\\0-\\x2f\\x3a-\\u{10ffff}'],
  graph: ['\\x21-\\x7e', '\\0-\\x20\\x7f-\\u{10ffff}'],
  lower: ['a-z', '\\0-\\x60\\x7b-\\u{10ffff}'],
  print: ['\\x20-\\x7e', '\\0-\\x1f\\x7f-\\u{10ffff}'],
  punct: ['\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e', '\\0-\\x20\\x30-\\x39\\x41-\\x5a\\x61-\\x7a\\x7f-\\u{10ffff}'],
  space: ['\\t\\n\\v\\f\\r\\x20', '\\0-\\x08\\x0e-\\x1f\\x21-\\u{10ffff}'],
  upper: ['A-Z', '\\0-\\x40\\x5b-\\u{10ffff}'],
  word: ['0-9A-Za-z_', '\\0-\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\u{10ffff}'],
  xdigit: ['0-9A-Fa-f', '\\0-\\x2f\\x3a-\\x40\\x47-\\x60\\x67-\\u{10ffff}'],
}

/** The set of `\d \D \s \S \w \W` by its letter. */
export const perlClass = (letter: string): string | undefined => (Object.hasOwn(PERL, letter) ? PERL[letter] : undefined)

/** The set of `[:name:]` or `[:^name:]`. */
export function posixClass(name: string, isNegated: boolean): string | undefined {
  return Object.hasOwn(POSIX, name) ? POSIX[name]?.[isNegated ? 1 : 0] : undefined
}

/** The set of `\pN` and `\p{Name}`: a general category or a script. */
export function unicodeClass(name: string, isNegated: boolean): string {
  const negated = isNegated !== name.startsWith('^')
  const bare = name.replace(/^\^/, '')
  const property = /^(?:[A-Z][a-z]?|Any)$/.test(bare) ? bare : `Script=${bare}`
  return `\\${negated ? 'P' : 'p'}{${property}}`
}

/** A character that stands for itself, inside and outside classes. */
export function literal(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code >= 0x80 || /^\w$/.test(character)) return character
  return `\\x${code.toString(16).padStart(2, '0')}`
}
