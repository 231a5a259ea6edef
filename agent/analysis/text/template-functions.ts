import { parseTolerantVersion } from '../semver.ts'
import { parseRange } from '../semver-range.ts'
import { boundedExec } from '../../go-regexp/bounded.ts'
import { compileGoRegexp } from '../../go-regexp/go-regexp.ts'
import { fieldOf, isTrue, showValue } from './go-value.ts'

type Work = (...args: unknown[]) => unknown

const MAX_TEXT = 64 * 1024
const MATCH_BUDGET_MS = 1000

const text = (value: unknown): string => (typeof value === 'string' ? value : showValue(value))
const list = (value: unknown): unknown[] => {
  if (Array.isArray(value)) return value
  if (value === undefined || value === null) return []
  throw new Error(`${text(value)} is no list`)
}
const number = (value: unknown): number => {
  const found = typeof value === 'boolean' ? Number(value) : Number(text(value))
  return Number.isNaN(found) ? 0 : found
}
const whole = (value: unknown): number => Math.trunc(number(value))
const bounded = (result: string): string => {
  if (result.length > MAX_TEXT) throw new Error('the text grew too long')
  return result
}

function order(a: unknown, b: unknown): number {
  const isSame = typeof a === typeof b && (typeof a === 'number' || typeof a === 'string')
  if (!isSame) throw new Error(`${text(a)} and ${text(b)} cannot be compared`)
  return (a as number) < (b as number) ? -1 : Number(a !== b)
}

function item(value: unknown, key: unknown): unknown {
  if (!Array.isArray(value)) return fieldOf(value, text(key))
  if (typeof key !== 'number' || key < 0 || key >= value.length) throw new Error(`index ${text(key)} is outside of the list`)
  return value[key] as unknown
}

/** `%s %d %v %q %t %f %x` with widths, as they are used in messages. */
function printf(format: unknown, ...args: unknown[]): string {
  let next = 0
  const filled = text(format).replaceAll(
    /%([-0]?)(\d{0,3})(?:\.(\d{1,2}))?([sdvqtfx%])/g,
    (_, flag: string, width: string, digits: string | undefined, verb: string) => {
      if (verb === '%') return '%'
      const value = args[next++]
      const shown =
        verb === 'f'
          ? number(value).toFixed(Number(digits ?? 6))
          : verb === 'q'
            ? JSON.stringify(text(value))
            : verb === 'x'
              ? whole(value).toString(16)
              : text(value)
      return flag === '-' ? shown.padEnd(Number(width)) : shown.padStart(Number(width), flag === '0' ? '0' : ' ')
    },
  )
  return bounded(filled)
}

function print(...args: unknown[]): string {
  return args.reduce<string>((all, value, index) => {
    const isApart = index > 0 && typeof value !== 'string' && typeof args[index - 1] !== 'string'
    return all + (isApart ? ' ' : '') + text(value)
  }, '')
}

const regexp = (pattern: unknown) => compileGoRegexp(text(pattern)).regexp
const matches = (pattern: unknown, value: unknown) => boundedExec(regexp(pattern), text(value), MATCH_BUDGET_MS)
const repeat = (count: unknown, value: unknown) => {
  if (whole(count) * text(value).length > MAX_TEXT) throw new Error('the text grew too long')
  return text(value).repeat(Math.max(0, whole(count)))
}
const indent = (count: unknown, value: unknown) => {
  const pad = repeat(count, ' ')
  return bounded(pad + text(value).replaceAll('\n', `\n${pad}`))
}
const title = (value: unknown) =>
  text(value).replaceAll(/(^|\s)(\S)/g, (_, space: string, letter: string) => space + letter.toUpperCase())
const plain = (value: unknown) => JSON.stringify(value) ?? 'null'

/** Functions of templates: Go's own, and those of sprig that messages and conditions use. */
export const FUNCTIONS: Readonly<Record<string, Work>> = {
  eq: (first, ...rest) => rest.some((one) => first === one || (typeof first !== typeof one && text(first) === text(one))),
  ne: (a, b) => a !== b,
  lt: (a, b) => order(a, b) < 0,
  le: (a, b) => order(a, b) <= 0,
  gt: (a, b) => order(a, b) > 0,
  ge: (a, b) => order(a, b) >= 0,
  and: (...all) => all.find((one) => !isTrue(one)) ?? all.at(-1),
  or: (...all) => all.find(isTrue) ?? all.at(-1),
  not: (one) => !isTrue(one),
  len: (one) =>
    typeof one === 'string' ? Buffer.byteLength(one) : Array.isArray(one) ? one.length : Object.keys(one ?? {}).length,
  index: (value, ...keys) => keys.reduce(item, value),
  print,
  println: (...args) => `${args.map(text).join(' ')}\n`,
  printf,
  default: (fallback, value) => (isTrue(value) ? value : fallback),
  empty: (value) => !isTrue(value),
  coalesce: (...all) => all.find(isTrue),
  ternary: (yes, no, condition) => (isTrue(condition) ? yes : no),
  upper: (value) => text(value).toUpperCase(),
  lower: (value) => text(value).toLowerCase(),
  title,
  trim: (value) => text(value).trim(),
  trimAll: (cut, value) => Array.from(text(cut)).reduce((rest, one) => trimOne(rest, one), text(value)),
  trimPrefix: (prefix, value) => (text(value).startsWith(text(prefix)) ? text(value).slice(text(prefix).length) : text(value)),
  trimSuffix: (suffix, value) =>
    text(value).endsWith(text(suffix)) ? text(value).slice(0, text(value).length - text(suffix).length) : text(value),
  quote: (...all) => all.map((one) => JSON.stringify(text(one))).join(' '),
  squote: (...all) => all.map((one) => `'${text(one)}'`).join(' '),
  cat: (...all) => all.map(text).join(' '),
  contains: (part, value) => text(value).includes(text(part)),
  hasPrefix: (part, value) => text(value).startsWith(text(part)),
  hasSuffix: (part, value) => text(value).endsWith(text(part)),
  replace: (old, fresh, value) => bounded(text(value).replaceAll(text(old), () => text(fresh))),
  repeat,
  nospace: (value) => text(value).replaceAll(/\s/g, ''),
  trunc: (count, value) => (whole(count) < 0 ? text(value).slice(whole(count)) : text(value).slice(0, whole(count))),
  indent,
  nindent: (count, value) => `\n${indent(count, value)}`,
  plural: (one, many, count) => (whole(count) === 1 ? one : many),
  join: (separator, values) => list(values).map(text).join(text(separator)),
  splitList: (separator, value) => text(value).split(text(separator)),
  toString: text,
  toStrings: (values) => list(values).map(text),
  int: whole,
  int64: whole,
  float64: number,
  atoi: whole,
  add: (...all) => all.reduce<number>((sum, one) => sum + whole(one), 0),
  add1: (one) => whole(one) + 1,
  sub: (a, b) => whole(a) - whole(b),
  mul: (...all) => all.reduce<number>((product, one) => product * whole(one), 1),
  div: (a, b) => divided(a, b),
  mod: (a, b) => whole(a) - divided(a, b) * whole(b),
  max: (...all) => Math.max(...all.map(whole)),
  min: (...all) => Math.min(...all.map(whole)),
  floor: (one) => Math.floor(number(one)),
  ceil: (one) => Math.ceil(number(one)),
  round: (value, digits) => Number(number(value).toFixed(Math.min(20, Math.max(0, whole(digits))))),
  list: (...all) => all,
  dict: (...all) => Object.fromEntries(all.flatMap((key, at) => (at % 2 === 0 ? [[text(key), all[at + 1]]] : []))),
  first: (values) => list(values)[0],
  last: (values) => list(values).at(-1),
  rest: (values) => list(values).slice(1),
  initial: (values) => list(values).slice(0, -1),
  has: (value, values) => list(values).includes(value),
  uniq: (values) => [...new Set(list(values))],
  sortAlpha: (values) => list(values).map(text).sort(),
  reverse: (values) => list(values).toReversed(),
  keys: (value) => Object.keys(value ?? {}),
  get: (value, key) => fieldOf(value, text(key)) ?? '',
  hasKey: (value, key) => fieldOf(value, text(key)) !== undefined,
  toJson: plain,
  toRawJson: plain,
  toPrettyJson: (value) => JSON.stringify(value, undefined, 2) ?? 'null',
  b64enc: (value) => Buffer.from(text(value)).toString('base64'),
  b64dec: (value) => Buffer.from(text(value), 'base64').toString(),
  regexMatch: (pattern, value) => matches(pattern, value) !== null,
  regexFind: (pattern, value) => matches(pattern, value)?.[0] ?? '',
  semverCompare: (range, version) =>
    parseRange(text(range).replaceAll(/([<>=!]=?)\s*v?/g, '$1'))(parseTolerantVersion(text(version))),
  semver: (version) => {
    const [Major, Minor, Patch] = parseTolerantVersion(text(version)).numbers.map(Number)
    return { Major, Minor, Patch }
  },
  kindIs: (kind, value) => kindOf(value) === kind,
  kindOf,
}

const trimOne = (value: string, cut: string): string => {
  let [from, to] = [0, value.length]
  while (from < to && value[from] === cut) from++
  while (to > from && value[to - 1] === cut) to--
  return value.slice(from, to)
}

function divided(a: unknown, b: unknown): number {
  if (whole(b) === 0) throw new Error('division by zero')
  return Math.trunc(whole(a) / whole(b))
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'slice'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64'
  return value === undefined || value === null ? 'invalid' : typeof value === 'object' ? 'map' : 'string'
}
