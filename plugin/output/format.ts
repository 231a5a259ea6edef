import { fail, isFailure } from '../../core/errors.ts'
import { safe, safeLines } from './text.ts'

/** What `-o` takes; a file is `--to PATH`. */
export const FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const

/** A format that was read, and is known to be one: a JSONPath is compiled before any work begins. */
export type Format = { name: (typeof FORMATS)[number] } | { name: 'jsonpath'; render: (data: unknown) => string }

export const OUTPUT = {
  type: 'string',
  alias: 'o',
  description: `output format: ${FORMATS.join(', ')} or jsonpath=…`,
  valueHint: 'FORMAT',
} as const

/** Throws USAGE_FLAG_VALUE. JSONPath is loaded only when asked for. */
export async function readFormat(value: string | undefined, command: string): Promise<Format> {
  if (value === undefined) return { name: 'table' }
  const path = /^jsonpath=([\s\S]*)$/.exec(value)?.[1]
  if (path !== undefined) {
    const { compileJsonPath } = await import('../../core/jsonpath/index.ts')
    const compiled = named(command, () => compileJsonPath(path))
    return { name: 'jsonpath', render: (data) => named(command, () => compiled(data)) }
  }
  const name = FORMATS.find((one) => one === value)
  if (!name) throw fail('USAGE_FLAG_VALUE', { flag: '-o', command, reason: `takes one of ${FORMATS.join(', ')} or jsonpath=…` })
  return { name }
}

/** For people: without rows there is nothing to print. */
export const isTable = (format: Format): boolean => format.name === 'table' || format.name === 'wide'

/** What a verb has to show, in each of the formats. */
export interface Showing {
  data: unknown
  names: string[]
  table(isWide: boolean): string
}

/** Text for stdout. Control characters of strangers are shown, not obeyed, in every format. YAML is loaded only when asked for. */
export async function show(format: Format, showing: Showing): Promise<string> {
  if (format.name === 'jsonpath') return safeLines(format.render(showing.data))
  if (format.name === 'json') return json(showing.data)
  if (format.name === 'yaml') return yaml(showing.data)
  if (format.name === 'name') return showing.names.map((name) => `${safe(name)}\n`).join('')
  return showing.table(format.name === 'wide')
}

/** What JSON leaves as it is stands within its strings, where it can be written as an escape. */
const json = (data: unknown) => safeLines(`${JSON.stringify(data, undefined, 2)}\n`)

/** Not every character that a terminal obeys can be escaped in YAML's plain and block texts; in JSON, which is YAML too, it can. */
async function yaml(data: unknown): Promise<string> {
  const text = (await import('../../core/yaml.ts')).toYaml(data)
  return safeLines(text) === text ? text : json(data)
}

/** The template's own errors do not know which command they are for. */
function named<Value>(command: string, work: () => Value): Value {
  try {
    return work()
  } catch (error) {
    if (!isFailure(error, 'USAGE_FLAG_VALUE')) throw error
    throw fail('USAGE_FLAG_VALUE', { flag: '-o', command, reason: error.fields['reason'] ?? '' }, error)
  }
}
