import { nameStep, STOPS } from './name.ts'
import { invalid, type Reader } from './reader.ts'
import { COMPARISONS, element, having, matching, slice, type Step, union } from './steps.ts'

/** Reads a path inside a filter; handed in, because paths contain brackets. */
type ReadPath = (reader: Reader, stops: string) => readonly Step[]

/** Reads `[…]`: an index, a slice, `*`, quoted names, a filter, or several of them with commas between. */
export function readBracket(reader: Reader, readPath: ReadPath): readonly Step[] {
  const { at } = reader
  const paths: (readonly Step[])[] = []
  do {
    reader.at += 1
    paths.push(readEntry(reader, readPath, at))
    reader.skipSpace()
  } while (reader.peek() === ',')
  reader.close(']', '[', at)
  return paths.length === 1 && paths[0] ? paths[0] : [union(paths)]
}

function readEntry(reader: Reader, readPath: ReadPath, openedAt: number): readonly Step[] {
  reader.skipSpace()
  const char = reader.peek()
  if (char === '?') return [readFilter(reader, readPath)]
  return char === '"' || char === "'" ? readNames(reader) : [readSlice(reader, openedAt)]
}

/** `'a'`, `"a b"`, `'a.b'`: a path of names, as in kubectl; a dot that belongs to a name is written `\.`. */
function readNames(reader: Reader): readonly Step[] {
  const openedAt = reader.at
  const quote = reader.peek()
  const steps: Step[] = []
  do {
    reader.at += 1
    const from = reader.at
    while (!reader.isDone && reader.peek() !== quote && reader.peek() !== '.') reader.at += reader.peek() === '\\' ? 2 : 1
    steps.push(nameStep(reader.text.slice(from, reader.at), from))
    if (reader.at === from && (steps.length > 1 || reader.peek() === '.')) throw invalid('a name is empty', from)
  } while (reader.peek() === '.')
  if (!reader.skip(quote)) throw invalid('a quoted name is not closed', openedAt)
  return steps
}

/** `[]` is the first element, as in kubectl. */
function readSlice(reader: Reader, openedAt: number): Step {
  const { at } = reader
  const raw = reader.takeWhile((char) => char !== ',' && char !== ']').trim()
  if (reader.isDone) throw invalid('"[" is not closed by "]"', openedAt)
  if (raw === '*') return slice(undefined, undefined, 1, at)
  const parts = raw.split(':', 4)
  const numbers = parts.map((part) => (part === '' ? undefined : Number(part)))
  if (parts.length > 3 || !parts.every((part) => part === '' || INTEGER.test(part)))
    throw invalid(`"${raw}" is not an index; names stand in quotes`, at)
  if (numbers.length === 1) return element(numbers[0] ?? 0, at)
  const step = numbers[2] ?? 1
  if (step < 1) throw invalid('the step of a slice is 1 or more', at)
  return slice(numbers[0], numbers[1], step, at)
}

/** More digits than a list can have elements are mistakes. */
const INTEGER = /^-?[0-9]{1,15}$/

/** `?(path)` or `?(left operator right)`. */
function readFilter(reader: Reader, readPath: ReadPath): Step {
  const { at } = reader
  if (!reader.skip('?(')) throw invalid('a filter begins with "[?("', at)
  if (reader.isInFilter) throw invalid('a filter cannot stand inside another one', at)
  reader.isInFilter = true
  const left = readPath(reader, STOPS.left)
  const operatorAt = reader.at
  const operator = reader.takeWhile((char) => '!<>='.includes(char))
  if (operator !== '' && !COMPARISONS.has(operator))
    throw invalid(`"${operator}" is not one of ${[...COMPARISONS.keys()].join(' ')}`, operatorAt)
  reader.skipSpace()
  const rightAt = reader.at
  const right = operator === '' ? [] : readPath(reader, STOPS.right)
  if (operator !== '' && reader.at === rightAt) throw invalid(`nothing follows "${operator}"`, rightAt)
  reader.close(')', '[?(', at)
  reader.isInFilter = false
  return operator === '' ? having(left, at) : matching(left, operator, right, at)
}
