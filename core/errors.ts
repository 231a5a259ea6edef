import type { ErrorClass } from './contract/plugin.ts'
import { CATALOGUE } from './catalogue/index.ts'

export { EXIT } from './catalogue/index.ts'

export type ErrorCode = keyof typeof CATALOGUE

/** What an entry is filled with: strings only, so that messages can be rendered in the reference as well. */
type Fields = Record<string, string>

type FieldNames<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | FieldNames<Rest> : never
type Needed<Code extends ErrorCode> = FieldNames<(typeof CATALOGUE)[Code]['message'] | (typeof CATALOGUE)[Code]['remedy']>
/** The fields that an entry's texts name. `program` and `hint` have defaults. */
export type ErrorFields<Code extends ErrorCode> = { [Name in Exclude<Needed<Code>, 'program' | 'hint'>]: string } & {
  [Name in Needed<Code> & ('program' | 'hint')]?: string
}

/** Told to users: what and why in `message`, what to do in `remedy`, and a code that stays the same between versions. */
export class ProductError extends Error {
  override readonly name = 'ProductError'
  readonly code: ErrorCode
  readonly fields: Fields
  readonly remedy: string
  readonly exitCode: number
  readonly class: ErrorClass

  constructor(code: ErrorCode, fields: Fields, cause?: unknown) {
    const entry = CATALOGUE[code]
    super(fill(entry.message, fields), cause === undefined ? undefined : { cause })
    this.code = code
    this.fields = fields
    this.remedy = fill(entry.remedy, fields)
    this.exitCode = entry.exit
    this.class = entry.class
  }
}

/** Makes a catalogued error. Throw it, or keep it as a value: `asProblem` gives its plain form. */
export function fail<Code extends ErrorCode>(code: Code, fields: ErrorFields<Code>, cause?: unknown): ProductError {
  return new ProductError(code, { program: PROGRAM, hint: '', ...(fields as Fields) }, cause)
}

/** How users call the program. */
export const PROGRAM = 'kubectl support-bundle-schedule'

/** An error as data: what is kept in runs, status and reports, and shown by the CLI. */
export interface Problem {
  code: string
  message: string
  remedy?: string | undefined
}

/** The plain form of whatever was thrown. An error that is not catalogued becomes INTERNAL, without its stack. */
export function asProblem(error: unknown): Problem {
  if (error instanceof ProductError) return { code: error.code, message: error.message, remedy: error.remedy }
  if (error instanceof Error && 'code' in error && 'class' in error) {
    const { code, message, remedy } = error as Error & { code: string; remedy?: string }
    return { code, message, ...(remedy ? { remedy } : {}) }
  }
  return asProblem(fail('INTERNAL', { reason: reasonOf(error) }, error))
}

/** One line that says why, without a stack trace. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error)
  return text.trim().split('\n')[0] ?? ''
}

/** True when `error` is the catalogued error `code`. */
export function isFailure(error: unknown, ...codes: ErrorCode[]): error is ProductError {
  return error instanceof ProductError && codes.includes(error.code)
}

function fill(text: string, fields: Fields): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => fields[name] ?? `<${name}>`)
}
