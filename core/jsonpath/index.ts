import { STOPS } from './name.ts'
import { readPath } from './path.ts'
import { invalid, Reader } from './reader.ts'
import { Run } from './run.ts'
import { follow, type Step } from './steps.ts'
import { readTemplate, render } from './template.ts'

/**
 * Compiles what stands after `-o jsonpath=`: kubectl's template dialect, `{range .items[*]}{.metadata.name}{"\n"}{end}`.
 * A template without any brace is one path (`.metadata.name`, `metadata.name`); kubectl would print it as it is.
 * The result renders JSON-like data to text; what the data does not have is empty. Differences to kubectl: README.md.
 * @throws ProductError USAGE_FLAG_VALUE, with the position in the template: here for a template that is not valid, from
 * the result for data that it does not fit (an index outside a list, a comparison of text with a number)
 */
export function compileJsonPath(template: string): (value: unknown) => string {
  const parts = /[{}]/.test(template) ? readTemplate(template) : [{ path: readExpression(template), at: 0 }]
  return (value) => render(parts, value, new Run())
}

/**
 * Compiles one expression to a function that gives its results: `.a.b`, `a.b`, `{.a.b}`, `$.items[?(@.x=="y")]`. The
 * results are the data's own values, not copies.
 * @throws ProductError USAGE_FLAG_VALUE, as `compileJsonPath` does
 */
export function findJsonPath(expression: string): (value: unknown) => unknown[] {
  const path = readExpression(expression)
  return (value) => [...follow(path, [value], new Run())]
}

/** One path, in braces or not, the first name with its dot or without. */
function readExpression(text: string): readonly Step[] {
  const reader = new Reader(text)
  reader.skipSpace()
  if (reader.isDone) throw invalid('it is empty', 0)
  const { at } = reader
  const isBraced = reader.skip('{')
  const path = readPath(reader, isBraced ? STOPS.action : STOPS.bare, true)
  if (isBraced) reader.close('}', '{', at)
  reader.skipSpace()
  if (!reader.isDone) throw invalid('one expression is expected', reader.at)
  return path
}
