import * as z from 'zod'
import { reasonOf } from '../../core/errors.ts'

export const VERDICTS = ['fail', 'warn', 'pass'] as const
export type Verdict = (typeof VERDICTS)[number]

/** YAML makes a number of an unquoted `1`; authors mean the text. Absent = ''. */
export const Text = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => String(value ?? ''))

/** A condition; YAML makes a boolean of an unquoted `true`. */
const When = z
  .union([z.string(), z.number(), z.boolean()])
  .nullish()
  .transform((value) => String(value ?? ''))

const Branch = z.strictObject({ when: When, message: Text, uri: Text }).nullish()

/** One item of `outcomes`: what to say when a condition holds. It has one of the three; `fail` is looked at first. */
export const Outcome = z.strictObject({ fail: Branch, warn: Branch, pass: Branch })
export type Outcome = z.infer<typeof Outcome>

/** What an outcome says once it applies. */
export interface Judgement {
  verdict: Verdict
  message: string
  uri: string
}

/** The outcome as a verdict with its condition; `when` is '' if there is none. */
export function branchOf(outcome: Outcome): (Judgement & { when: string }) | undefined {
  for (const verdict of VERDICTS) {
    const branch = outcome[verdict]
    if (branch) return { verdict, ...branch }
  }
  return undefined
}

/** The first outcome whose condition holds, in the order of the spec; none = always. Throws for a condition that cannot be read. */
export function judge(outcomes: readonly Outcome[], holds: (when: string) => boolean): Judgement | undefined {
  for (const outcome of outcomes) {
    const branch = branchOf(outcome)
    if (!branch || (branch.when !== '' && !evaluate(branch.when, holds))) continue
    const { when: _, ...judgement } = branch
    return judgement
  }
  return undefined
}

/** Asks `holds`; what it throws is told with the condition. */
export function evaluate(when: string, holds: (when: string) => boolean): boolean {
  try {
    return holds(when)
  } catch (error) {
    throw new Error(`cannot evaluate "${when}": ${reasonOf(error)}`, { cause: error })
  }
}
