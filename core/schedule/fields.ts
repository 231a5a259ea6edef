import type { Times } from './calendar.ts'

/** What is wrong with a line, and what to write instead. */
export interface Refusal {
  reason: string
  remedy: string
}

interface Field {
  /** `*`, or a list without ranges and steps: all that croner gets to see */
  text: string
  values: number[]
  /** no upper bound was written: `*`, `?`, a step from `*`, or Kubernetes' `0/15` */
  isWildcard: boolean
  /** one sentence for each step that does not divide its field */
  uneven: string[]
}
interface FieldRule {
  name: string
  min: number
  max: number
  /** values after which it starts again, in the words of a warning; 0 when that differs from month to month */
  size: number
  names?: readonly string[]
  /** values that depend on the month, left to croner */
  special?: RegExp
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const FIELDS: readonly FieldRule[] = [
  { name: 'minute', min: 0, max: 59, size: 60 },
  { name: 'hour', min: 0, max: 23, size: 24 },
  { name: 'day of the month', min: 1, max: 31, size: 0, special: /^(?:L|LW|(?:[1-9]|[12]\d|3[01])W)$/i },
  { name: 'month', min: 1, max: 12, size: 12, names: MONTHS },
  { name: 'day of the week', min: 0, max: 6, size: 7, names: DAYS, special: /^(\w+?)(L|#[1-5L])$/i },
]
const ITEM = /^(?:(?<star>[*?])|(?<from>\w+)(?:-(?<to>\w+))?)(?:\/(?<step>\d+))?$/

/** A line of five fields, read. */
export interface Line {
  /** a wildcard in minute or hour; else its times are fixed */
  isInterval: boolean
  times: Times
  /** the last three fields, without ranges and steps: many lines share one spelling */
  days: string
  uneven: string[]
}

/** Reads exactly five fields. Gives a refusal instead when one of them is wrong. */
export function readFields(texts: readonly string[]): Line | Refusal {
  const fields: Field[] = []
  for (const [index, rule] of FIELDS.entries()) {
    const field = readField(texts[index] ?? '', rule)
    if ('reason' in field) return field
    fields.push(field)
  }
  const [minute, hour, ...days] = fields as [Field, Field, ...Field[]]
  return {
    isInterval: minute.isWildcard || hour.isWildcard,
    times: { hours: hour.values, minutes: minute.values },
    days: days.map((field) => field.text).join(' '),
    uneven: fields.flatMap((field) => field.uneven),
  }
}

function readField(text: string, rule: FieldRule): Field | Refusal {
  const values = new Set<number>()
  const specials = new Set<string>()
  const field = { isStar: false, isWildcard: false, uneven: [] as string[] }
  for (const item of text.split(',')) {
    const special = readSpecial(item, rule)
    if (special) {
      specials.add(special)
      continue
    }
    const read = readItem(item, rule)
    if ('reason' in read) return read
    for (const value of read.values) values.add(value)
    // As in Kubernetes, only a whole `*` counts as "any day" when both day fields are given; a stepped one does not.
    field.isStar ||= read.isStar
    field.isWildcard ||= read.isWildcard
    if (read.uneven) field.uneven.push(read.uneven)
  }
  const sorted = [...values].sort((a, b) => a - b)
  return { ...field, values: sorted, text: field.isStar ? '*' : [...sorted, ...specials].join(',') }
}

interface Item {
  values: number[]
  isStar: boolean
  isWildcard: boolean
  uneven: string | undefined
}

function readItem(item: string, rule: FieldRule): Item | Refusal {
  const { star, from: fromText, to: toText, step: stepText } = ITEM.exec(item)?.groups ?? {}
  if (star === undefined && fromText === undefined) return notUnderstood(item, rule)
  const isOpen = toText === undefined && (star !== undefined || stepText !== undefined)
  const first = star ? rule.min : readValue(fromText ?? '', item, rule)
  if (typeof first !== 'number') return first
  const from = isOpen && isSunday(first, rule) ? 0 : first
  const last = isOpen ? rule.max : readValue(toText ?? fromText ?? '', item, rule)
  if (typeof last !== 'number') return last
  const to = toText?.toLowerCase() === DAYS[0] && from > 0 ? DAYS.length : last
  if (to < from) return reversed(item, from, to, rule)
  const step = Number(stepText ?? 1)
  if (step < 1 || step > (rule.size || rule.max)) return badStep(item, rule)
  const values: number[] = []
  for (let value = from; value <= to; value += step) values.push(isSunday(value, rule) ? 0 : value)
  const isStar = star !== undefined && step === 1
  return { values, isStar, isWildcard: isOpen, uneven: isOpen && step > 1 ? unevenness(item, values, step, rule) : undefined }
}

function readValue(text: string, item: string, rule: FieldRule): number | Refusal {
  if (!/^\d+$/.test(text)) {
    const index = rule.names?.indexOf(text.toLowerCase()) ?? -1
    return index === -1 ? notUnderstood(item, rule) : index + rule.min
  }
  const value = Number(text)
  if ((value >= rule.min && value <= rule.max) || isSunday(value, rule)) return value
  return { reason: `the ${rule.name} ${text} does not exist`, remedy: `use ${rule.min} to ${rule.max}` }
}

/** 7, the other number of Sunday: so that MON-SUN and 5-7 can be written. */
function isSunday(value: number, rule: FieldRule): boolean {
  return rule.names === DAYS && value === DAYS.length
}

function readSpecial(item: string, rule: FieldRule): string | undefined {
  const [whole, day, which] = rule.special?.exec(item) ?? []
  if (whole === undefined) return undefined
  if (day === undefined || which === undefined) return whole.toUpperCase()
  const value = readValue(day, item, rule)
  return typeof value === 'number' ? `${value % DAYS.length}${which.toUpperCase()}` : undefined
}

function unevenness(item: string, values: readonly number[], step: number, rule: FieldRule): string | undefined {
  const [first = 0, last = 0] = [values[0], values.at(-1)]
  if (rule.size === 0) return `"${item}" is uneven: the ${rule.name} starts again at ${first} in each month`
  const wrap = first + rule.size - last
  if (wrap === step) return undefined
  return `"${item}" is uneven: the ${rule.name} goes from ${last} to ${first}, which is ${wrap} apart, not ${step}`
}

function notUnderstood(item: string, rule: FieldRule): Refusal {
  if (item === '') return { reason: `the ${rule.name} has an empty item`, remedy: 'take out the comma that is too many' }
  const short = item.slice(0, 3).toLowerCase()
  const isLongName = /^[a-z]{4,}$/i.test(item) && rule.names?.includes(short)
  return {
    reason: `"${item}" is not a ${rule.name}`,
    remedy: isLongName
      ? `write ${short.toUpperCase()}`
      : 'use *, a number, a range as 1-5, a step as */15, or a list of these with commas',
  }
}

function reversed(item: string, from: number, to: number, rule: FieldRule): Refusal {
  const isNamed = rule.names && /[a-z]/i.test(item)
  const spell = (value: number) => (isNamed ? rule.names?.[value - rule.min]?.toUpperCase() : value)
  const upper = isSunday(from, rule) ? '' : `${spell(from)}-${spell(rule.max)},`
  return {
    reason: `the range "${item}" of the ${rule.name} goes backwards`,
    remedy: `write ${upper}${spell(rule.min)}-${spell(to)}`,
  }
}

function badStep(item: string, rule: FieldRule): Refusal {
  return { reason: `the step of "${item}" does not fit the ${rule.name}`, remedy: `use a step of 1 to ${rule.size || rule.max}` }
}
