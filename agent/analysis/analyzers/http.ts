import * as z from 'zod'
import { evaluateExpression } from '../expression.ts'
import { jsonFileAnalyzer } from '../json-file.ts'
import { count } from '../shapes.ts'

const Result = z.object({ error: z.unknown().optional(), response: z.object({ status: count }).nullish() })
type Result = z.infer<typeof Result>

/** `when`: `error`, or an expression on statusCode, which does not hold without a response. */
function holds(when: string, { error, response }: Result): boolean {
  if (when === 'error') return error !== undefined && error !== null
  const expression = when.replaceAll(/ ={1,3} /g, ' == ')
  const value = evaluateExpression(expression, new Map([['statusCode', response?.status ?? 0]]))
  return response ? value : false
}

export const http = jsonFileAnalyzer({
  title: ({ collectorName }) => collectorName,
  path: ({ collectorName }) => `${collectorName || 'result'}.json`,
  content: Result,
  holds,
})
export const hostHttp = jsonFileAnalyzer({
  title: () => 'HTTP Request',
  path: ({ collectorName }) => `host-collectors/http/${collectorName || 'result'}.json`,
  content: Result,
  holds,
})
