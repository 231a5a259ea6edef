import { STOPS } from './name.ts'
import { readPath } from './path.ts'
import { printResults } from './print.ts'
import { invalid, Reader } from './reader.ts'
import type { Run } from './run.ts'
import { follow, type Step } from './steps.ts'

/** What a template is made of, in order. */
export type Part = string | Action | Range
/** `{path}`: what the path finds, and where its brace opens. */
interface Action {
  path: readonly Step[]
  at: number
}
/** `{range path}body{end}`: the body once for each result of the path. */
interface Range extends Action {
  body: Part[]
}

/** Ranges are rendered by recursion. */
const MAX_RANGES = 100

/** Reads text with `{…}` in it. */
export function readTemplate(text: string): Part[] {
  const reader = new Reader(text)
  const template: Part[] = []
  const open: Range[] = []
  while (!reader.isDone) {
    const parts = open.at(-1)?.body ?? template
    const outside = reader.takeWhile((char) => char !== '{')
    if (outside !== '') parts.push(outside)
    if (!reader.isDone) readAction(reader, parts, open)
  }
  const unclosed = open.at(-1)
  if (unclosed) throw invalid('{range …} is not closed by {end}', unclosed.at)
  return template
}

function readAction(reader: Reader, parts: Part[], open: Range[]): void {
  const { at } = reader
  reader.at += 1
  reader.skipSpace()
  const keyword = KEYWORD.exec(reader.text.slice(reader.at, reader.at + 6))?.[1] ?? ''
  reader.at += keyword.length
  const path = readPath(reader, STOPS.action)
  reader.close('}', '{', at)
  if (keyword === '') {
    parts.push({ path, at })
  } else if (keyword === 'range') {
    if (open.length >= MAX_RANGES) throw invalid(`ranges are nested more than ${MAX_RANGES} times`, at)
    const range = { path, body: [], at }
    parts.push(range)
    open.push(range)
  } else {
    if (path.length > 0) throw invalid('{end} takes no path', at)
    if (!open.pop()) throw invalid('{end} closes no {range …}', at)
  }
}

const KEYWORD = /^(range|end)(?![^\s.,[\]$@{}])/

/** Applies a template to one value. */
export function render(parts: readonly Part[], value: unknown, run: Run): string {
  let rendered = ''
  for (const part of parts) {
    if (typeof part === 'string') {
      run.spend(part.length, 0)
      rendered += part
      continue
    }
    const found = follow(part.path, [value], run)
    if ('body' in part) for (const item of found) rendered += render(part.body, item, run)
    else rendered += printResults(found, run, part.at)
  }
  return rendered
}
