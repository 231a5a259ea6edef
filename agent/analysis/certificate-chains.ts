import * as z from 'zod'
import { branchOf } from './outcomes.ts'
import type { Judgement, Outcome } from './outcomes.ts'
import { flag, text } from './shapes.ts'

/** One certificate as the collectors write it. */
export const Certificate = z.object({ certificate: text, isValid: flag, notAfter: text })
export type Certificate = z.infer<typeof Certificate>

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * What the outcomes say of one certificate: `fail` of one that is not valid, `warn` of one that ends within the days of
 * `notAfter < Today + N days`, else `pass`. `say` makes the message of an outcome's and the days that it names.
 */
export function judgeCertificate(
  certificate: Certificate,
  outcomes: readonly Outcome[],
  at: Date,
  say: (message: string, days: number | undefined) => string,
): Judgement[] {
  const judgements: Judgement[] = []
  let passes: Judgement[] = []
  for (const outcome of outcomes) {
    const branch = branchOf(outcome)
    if (!branch) throw new Error('an outcome is empty')
    const { verdict, message } = branch
    if (verdict === 'pass' && certificate.isValid) passes.push({ verdict, message: say(message, undefined), uri: '' })
    if (verdict === 'fail' && !certificate.isValid) judgements.push({ verdict, message: say(message, undefined), uri: '' })
    if (verdict !== 'warn' || !certificate.isValid) continue
    const days = daysOf(branch.when)
    if (days === undefined || !endsWithin(certificate, days, at)) continue
    passes = []
    judgements.push({ verdict, message: say(message, days), uri: '' })
  }
  return [...judgements, ...passes]
}

function daysOf(when: string): number | undefined {
  const days = /notAfter < Today \+ (\d{1,6}) days/.exec(when)?.[1]
  return days === undefined ? undefined : Number(days)
}

function endsWithin({ notAfter }: Certificate, days: number, at: Date): boolean {
  const end = Date.parse(notAfter)
  if (Number.isNaN(end)) throw new Error(`"${notAfter}" is not a time`)
  return at.getTime() + days * DAY_MS > end
}
