import { invalid, isSpace, type Reader } from './reader.ts'
import { all, member, type Step } from './steps.ts'

/** Characters that end a path, by where it stands: they end a name, too. */
export const STOPS = { bare: '', action: '}', left: ')!<>=', right: ')' } as const
const NAME_ENDS = '.,[]$@{}'

export function isNameEnd(reader: Reader, stops: string): boolean {
  const char = reader.peek()
  return char === '' || isSpace(char) || NAME_ENDS.includes(char) || stops.includes(char)
}

/** Reads a name; a backslash takes the next character as it is, so that `\.` is a dot in the name. */
export function readName(reader: Reader, stops: string): Step {
  const { at } = reader
  while (!isNameEnd(reader, stops)) reader.at += reader.peek() === '\\' ? 2 : 1
  if (reader.at > reader.text.length) throw invalid('a character is missing after "\\"', reader.at - 2)
  return nameStep(reader.text.slice(at, reader.at), at)
}

/** The step for a name as written, with its backslashes. `*` alone is every child. */
export const nameStep = (raw: string, at: number): Step => (raw === '*' ? all(at) : member(raw.replaceAll(/\\([^])/g, '$1'), at))
