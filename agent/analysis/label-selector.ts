import * as z from 'zod'
import { Text } from './outcomes.ts'

export type Labels = Readonly<Record<string, string>>
export type LabelTest = (labels: Labels) => boolean

export const LabelExpression = z.strictObject({
  key: Text,
  operator: Text,
  values: z.array(Text).nullish(),
})

const valueOf = (labels: Labels, key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined)

const OPERATORS: Readonly<Record<string, (value: string | undefined, values: readonly string[]) => boolean>> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
}

/** One requirement of `matchExpressions`. Throws for an unknown operator. */
export function labelExpression({ key, operator, values }: z.infer<typeof LabelExpression>): LabelTest {
  const holds = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
  if (!holds) throw new Error(`"${operator}" is unknown; use ${Object.keys(OPERATORS).join(', ')}`)
  return (labels) => holds(valueOf(labels, key), values ?? [])
}

/** kubectl's `-l`: `a=b,c!=d,e in (f,g),h,!i`. Throws for what it cannot read. */
export function parseSelector(selector: string): LabelTest {
  const tests = [...selector.matchAll(/(?:[^,(]|\([^)]*\))+/g)].map(([part]) => parsePart(part.trim()))
  return (labels) => tests.every((holds) => holds(labels))
}

function parsePart(part: string): LabelTest {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part)
  if (set) {
    const [, key = '', word, values = ''] = set
    const operator = word === 'in' ? 'In' : 'NotIn'
    return labelExpression({ key, operator, values: values.split(',').map((value) => value.trim()) })
  }
  const equal = /^([^\s=!]+)\s*(==?|!=)\s*([^\s=!]*)$/.exec(part)
  if (equal)
    return labelExpression({ key: equal[1] ?? '', operator: equal[2] === '!=' ? 'NotIn' : 'In', values: [equal[3] ?? ''] })
  const exists = /^(!?)\s*([^\s=!]+)$/.exec(part)
  if (!exists) throw new Error(`"${part}" is not a label selector`)
  return labelExpression({ key: exists[2] ?? '', operator: exists[1] === '!' ? 'DoesNotExist' : 'Exists', values: [] })
}
