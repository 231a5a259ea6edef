import { MAX_DEPTH, type Run, VISIT } from './run.ts'
import { isObject } from './values.ts'

/** Writes results as kubectl does: with a space between them, texts bare, lists and objects as JSON. `at` is their path. */
export function printResults(values: readonly unknown[], run: Run, at: number): string {
  return values.map((value) => printValue(value, run, at)).join(' ')
}

function printValue(value: unknown, run: Run, at: number): string {
  run.spend(VISIT, at)
  if (typeof value === 'string') {
    run.spend(value.length, at)
    return value
  }
  if (typeof value === 'number') return printNumber(value)
  return toJson(value, 0, run, at)
}

/** Whole numbers with all digits, others as Go prints floats: an exponent of two digits from 1e+06 and below 1e-04. */
function printNumber(value: number): string {
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < 1e21)) return String(value)
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 6) return String(value)
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** JSON as kubectl writes it here: no spaces, sorted keys, and `<`, `>`, `&` escaped. */
function toJson(value: unknown, depth: number, run: Run, at: number): string {
  run.spend(VISIT, at)
  if (depth > MAX_DEPTH) run.mismatch(`it is nested deeper than ${MAX_DEPTH} levels`, at)
  const write = (child: unknown): string => toJson(child, depth + 1, run, at)
  const quoted = (text: string): string => {
    run.spend(text.length, at)
    return quote(text)
  }
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null'
  if (Array.isArray(value)) return `[${Array.from(value, write).join(',')}]`
  if (!isObject(value)) return 'null'
  const keys = Object.keys(value).filter((key) => value[key] !== undefined)
  return `{${keys
    .sort()
    .map((key) => `${quoted(key)}:${write(value[key])}`)
    .join(',')}}`
}

const quote = (text: string): string =>
  JSON.stringify(text).replaceAll(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
