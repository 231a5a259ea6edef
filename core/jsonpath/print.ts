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
  const pieces: string[] = []
  writeJson(value, { pieces, run, at }, 0)
  return pieces.join('')
}

/** Whole numbers with all digits, others as Go prints floats: an exponent of two digits from 1e+06 and below 1e-04. */
function printNumber(value: number): string {
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < 1e21)) return String(value)
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 6) return String(value)
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** Where JSON is written to. Pieces are joined once, so that nesting costs nothing more. */
interface Writing {
  pieces: string[]
  run: Run
  at: number
}

/** JSON as kubectl writes it here: no spaces, sorted keys, and `<`, `>`, `&` escaped. */
function writeJson(value: unknown, writing: Writing, depth: number): void {
  const { pieces, run, at } = writing
  run.spend(VISIT, at)
  if (depth > MAX_DEPTH) run.mismatch(`it is nested deeper than ${MAX_DEPTH} levels`, at)
  if (typeof value === 'string') {
    writeText(value, writing)
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      pieces.push(index === 0 ? '[' : ',')
      writeJson(item, writing, depth + 1)
    }
    pieces.push(value.length === 0 ? '[]' : ']')
  } else if (isObject(value)) {
    const keys = Object.keys(value).filter((key) => value[key] !== undefined)
    for (const [index, key] of keys.sort().entries()) {
      pieces.push(index === 0 ? '{' : ',')
      writeText(key, writing)
      pieces.push(':')
      writeJson(value[key], writing, depth + 1)
    }
    pieces.push(keys.length === 0 ? '{}' : '}')
  } else {
    pieces.push(writeScalar(value))
  }
}

/** Whatever JSON has no word for is null. */
function writeScalar(value: unknown): string {
  if (typeof value === 'boolean' || typeof value === 'bigint' || Number.isFinite(value)) return String(value)
  return 'null'
}

function writeText(text: string, { pieces, run, at }: Writing): void {
  run.spend(text.length, at)
  pieces.push(
    JSON.stringify(text).replaceAll(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}
