import { fail } from '../../core/errors.ts'

/** What `-o` takes; a file is `--to PATH`. */
export const FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const
export type Format = (typeof FORMATS)[number] | `jsonpath=${string}`

export const OUTPUT = {
  type: 'string',
  alias: 'o',
  description: `output format: ${FORMATS.join(', ')} or jsonpath=…`,
  valueHint: 'FORMAT',
} as const

/** Throws USAGE_FLAG_VALUE. */
export function readFormat(value: string | undefined, command: string): Format {
  if (value === undefined) return 'table'
  if (value.startsWith('jsonpath=')) return value as Format
  const format = FORMATS.find((one) => one === value)
  if (!format) throw fail('USAGE_FLAG_VALUE', { flag: '-o', command, reason: `takes one of ${FORMATS.join(', ')} or jsonpath=…` })
  return format
}

/** What a verb has to show, in each of the formats. */
export interface Showing {
  data: unknown
  names: string[]
  table(isWide: boolean): string
}

/** Text for stdout. YAML and JSONPath are loaded only when asked for. */
export async function show(format: Format, showing: Showing): Promise<string> {
  if (format === 'table' || format === 'wide') return showing.table(format === 'wide')
  if (format === 'json') return `${JSON.stringify(showing.data, undefined, 2)}\n`
  if (format === 'name') return showing.names.map((name) => `${name}\n`).join('')
  if (format === 'yaml') return (await import('../../core/yaml.ts')).toYaml(showing.data)
  const { compileJsonPath } = await import('../../core/jsonpath/index.ts')
  return compileJsonPath(format.slice('jsonpath='.length))(showing.data)
}
