import { readBracket } from './bracket.ts'
import { readText } from './literal.ts'
import { isNameEnd, readName } from './name.ts'
import { invalid, type Reader } from './reader.ts'
import { constant, descend, type Step, text } from './steps.ts'

/**
 * Reads one path up to one of `stops`, or to the end. With `isRelaxed` the first name needs no dot, as in kubectl's
 * custom columns and `wait`.
 */
export function readPath(reader: Reader, stops: string, isRelaxed = false): Step[] {
  const steps: Step[] = []
  reader.skipSpace()
  const from = reader.at
  if (isRelaxed && LETTER.test(reader.peek())) steps.push(readName(reader, stops))
  for (;;) {
    reader.skipSpace()
    const char = reader.peek()
    if (reader.isDone || stops.includes(char)) return steps
    const read = STARTS[char] ?? OTHER_STARTS.find(({ pattern }) => pattern.test(char))?.read
    if (!read) throw invalid(HINTS[char] ?? `"${reader.shown()}" is not expected`, reader.at)
    for (const step of read(reader, stops, from)) steps.push(step)
  }
}

type Read = (reader: Reader, stops: string, pathFrom: number) => readonly Step[]

/** `$` is the current value, like `@`: inside a range it is not the root, as in kubectl. */
function readCurrent(reader: Reader): readonly Step[] {
  reader.at += 1
  return []
}

/** `.name`, `.*`, `..`, `..name`; and the dot that stands for nothing in `{.}` and `.['name']`. */
function readDot(reader: Reader, stops: string, pathFrom: number): readonly Step[] {
  const { at } = reader
  if (reader.skip('..')) {
    if (reader.startsWith('..')) throw invalid('".." follows upon ".."', reader.at)
    return NAME_START.test(reader.peek()) ? [descend(at), readName(reader, stops)] : [descend(at)]
  }
  reader.at += 1
  if (!isNameEnd(reader, stops)) return [readName(reader, stops)]
  const isWhole = at === pathFrom && (reader.isDone || stops.includes(reader.peek()))
  if (isWhole || reader.peek() === '[') return []
  throw invalid('a name is missing after "."', reader.at)
}

function readNumber(reader: Reader): readonly Step[] {
  const { at } = reader
  reader.at += 1
  const raw = reader.text[at] + reader.takeWhile((char) => DIGIT_OR_DOT.test(char))
  const value = Number(raw)
  if (!Number.isFinite(value)) throw invalid(`"${raw}" is not a number`, at)
  return [constant(value)]
}

/** `true` or `false`; all other words are mistakes. */
function readWord(reader: Reader, stops: string): readonly Step[] {
  const { at } = reader
  const word = reader.takeWhile(() => !isNameEnd(reader, stops))
  if (word === 'true' || word === 'false') return [constant(word === 'true')]
  throw invalid(`"${word}" is not known; paths begin with "." and text stands in quotes`, at)
}

const LETTER = /[\p{L}_]/u
/** What may follow `..` without a further dot. */
const NAME_START = /[\p{L}\p{Nd}_*\\]/u
const DIGIT_OR_DOT = /[0-9.]/

const STARTS: Record<string, Read> = {
  '@': readCurrent,
  $: readCurrent,
  '.': readDot,
  '[': (reader) => readBracket(reader, readPath),
  '"': (reader) => [text(readText(reader))],
  "'": (reader) => [text(readText(reader))],
}

const OTHER_STARTS: readonly { pattern: RegExp; read: Read }[] = [
  { pattern: /[-+0-9]/, read: readNumber },
  { pattern: LETTER, read: readWord },
]

/** What people try most, because other tools know it. */
const HINTS: Record<string, string> = {
  '&': 'filters compare once; "&&" is not known, nor is it in kubectl',
  '|': 'filters compare once; "||" is not known, nor is it in kubectl',
  '~': 'regular expressions are not known, nor are they in kubectl',
  ',': 'several paths take a brace each: {.a} {.b}',
}
