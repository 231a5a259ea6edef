type Value = number | string | boolean

const WORD = /\s*(?:(\d+(?:\.\d+)?)|(['"])(.*?)\2|([A-Za-z_]\w*)|(&&|\|\||={2,3}|!=|<=|>=|[<>!()+\-*/%,]))/y
/** By how tightly they bind, loosest first. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '===', '!=', '<', '<=', '>', '>=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
]

/**
 * Evaluates an expression like `statusCode >= 200 && statusCode < 300` or `statusCode in (200, 204)` with these variables.
 * Throws for what it cannot read or what is not true or false in the end.
 */
export function evaluateExpression(text: string, variables: ReadonlyMap<string, Value>): boolean {
  const words = readWords(text)
  const value = readLevel(words, 0, variables)
  if (words.length > 0) throw new Error(`"${words[0]?.text}" is not expected`)
  return truth(value)
}

interface Word {
  text: string
  value?: Value
  isName?: boolean
}

function readWords(text: string): Word[] {
  const words: Word[] = []
  const whole = text.trim()
  WORD.lastIndex = 0
  while (WORD.lastIndex < whole.length) {
    const from = WORD.lastIndex
    const found = WORD.exec(whole)
    if (!found) throw new Error(`"${whole.slice(from, from + 20)}" is not understood`)
    const [, number, quote, string, name, sign] = found
    if (number !== undefined) words.push({ text: number, value: Number(number) })
    else if (quote !== undefined) words.push({ text: string ?? '', value: string ?? '' })
    else words.push({ text: name ?? sign ?? '', isName: name !== undefined })
  }
  return words
}

type Operand = Value | Value[]

function readLevel(words: Word[], level: number, variables: ReadonlyMap<string, Value>): Operand {
  const operators = LEVELS[level]
  if (!operators) return readUnary(words, variables)
  let left = readLevel(words, level + 1, variables)
  for (let word = words[0]; word && word.value === undefined && operators.includes(word.text); word = words[0]) {
    words.shift()
    left = apply(word.text, left, readLevel(words, level + 1, variables))
  }
  return left
}

function readUnary(words: Word[], variables: ReadonlyMap<string, Value>): Operand {
  const word = words.shift()
  if (!word) throw new Error('a value is missing')
  if (word.value !== undefined) return word.value
  if (word.text === '!') return !truth(readUnary(words, variables))
  if (word.text === '-') return -number(readUnary(words, variables))
  if (word.text === '(') return readBrackets(words, variables)
  if (word.text === 'true' || word.text === 'false') return word.text === 'true'
  const value = word.isName ? variables.get(word.text) : undefined
  if (value === undefined) throw new Error(`"${word.text}" is unknown`)
  return value
}

function readBrackets(words: Word[], variables: ReadonlyMap<string, Value>): Operand {
  const all = [readLevel(words, 0, variables)]
  while (words[0]?.text === ',') {
    words.shift()
    all.push(readLevel(words, 0, variables))
  }
  if (words.shift()?.text !== ')') throw new Error('a bracket is not closed')
  const [only] = all
  return all.length === 1 && only !== undefined ? only : all.flat()
}

function apply(operator: string, left: Operand, right: Operand): Value {
  const work = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
  if (!work) throw new Error(`unknown operator "${operator}"`)
  return work(left, right)
}

const OPERATORS: Readonly<Record<string, (a: Operand, b: Operand) => Value>> = {
  '||': (a, b) => [truth(a), truth(b)].includes(true),
  '&&': (a, b) => ![truth(a), truth(b)].includes(false),
  '==': (a, b) => a === b,
  '===': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => number(a) < number(b),
  '<=': (a, b) => number(a) <= number(b),
  '>': (a, b) => number(a) > number(b),
  '>=': (a, b) => number(a) >= number(b),
  in: (a, b) => [b].flat().some((one) => one === a),
  '+': (a, b) => number(a) + number(b),
  '-': (a, b) => number(a) - number(b),
  '*': (a, b) => number(a) * number(b),
  '/': (a, b) => number(a) / number(b),
  '%': (a, b) => number(a) % number(b),
}

function number(value: Operand): number {
  if (typeof value !== 'number') throw new Error(`"${String(value)}" is not a number`)
  return value
}

function truth(value: Operand): boolean {
  if (typeof value !== 'boolean') throw new Error(`"${String(value)}" is neither true nor false`)
  return value
}
