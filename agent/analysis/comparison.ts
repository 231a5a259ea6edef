type Amount = number | bigint

// == and !=, because a number and a bigint are never equal for ===.
const OPERATORS: Readonly<Record<string, (a: Amount, b: Amount) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  ...Object.fromEntries(['=', '==', '==='].map((operator) => [operator, (a: Amount, b: Amount) => a == b])),
  ...Object.fromEntries(['!=', '!=='].map((operator) => [operator, (a: Amount, b: Amount) => a != b])),
}

/** Whether `actual <operator> wanted` holds. Throws for an unknown operator. */
export function compare(actual: Amount, operator: string, wanted: Amount): boolean {
  const compares = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
  if (!compares) throw new Error(`unknown operator "${operator}"; known are ${Object.keys(OPERATORS).join(' ')}`)
  return compares(actual, wanted)
}

/** A whole number as conditions write it. Throws for anything else. */
export function wholeNumber(text: string): bigint {
  if (!/^[+-]?\d{1,30}$/.test(text)) throw new Error(`"${text}" is not a whole number`)
  return BigInt(text.replace('+', ''))
}

/** The words of a condition, of which there must be `count`. They are separated by single spaces. */
export function words<Count extends 2 | 3>(
  when: string,
  count: Count,
): Count extends 2 ? [string, string] : [string, string, string]
export function words(when: string, count: number): string[] {
  const parts = when.split(' ')
  if (parts.length !== count) throw new Error(`it must have ${count} words, not ${parts.length}`)
  return parts
}
