import { fail } from '../core/errors.ts'
import { AUTO_PROFILES, type AutoProfile, DEFAULT_AUTO } from '../core/auto-profile.ts'
import { PREFIX } from '../core/names.ts'
import { DURATION, durationMs, SIZE } from '../core/quantity.ts'
import { hint } from '../core/suggest.ts'

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

/** Throws USAGE_FLAG_VALUE unless the value is a duration, and not shorter than `atLeastMs`. */
export function checkDuration(command: string, flag: string, value: string | undefined, example: string, atLeastMs = 0): void {
  if (value === undefined) return
  const wrong = (reason: string) => fail('USAGE_FLAG_VALUE', { flag: `--${flag}`, command, reason })
  if (!DURATION.test(value)) throw wrong(`takes a duration like ${example}, not "${value}"`)
  if (durationMs(value) < atLeastMs) throw wrong(`takes a duration of ${atLeastMs / 1000}s at least`)
}

/** Throws USAGE_FLAG_VALUE unless the value is a size. */
export function checkSize(command: string, flag: string, value: string): void {
  if (!SIZE.test(value))
    throw fail('USAGE_FLAG_VALUE', { flag: `--${flag}`, command, reason: `takes a size like 512Mi, not "${value}"` })
}

/** An instant as RFC 3339 has it. Throws USAGE_FLAG_VALUE. */
export function readTime(command: string, flag: string, value: string): Date {
  const at = RFC_3339.test(value) ? Date.parse(value) : NaN
  if (!Number.isNaN(at)) return new Date(at)
  throw fail('USAGE_FLAG_VALUE', { flag: `--${flag}`, command, reason: `takes a time like 2026-01-31T02:00:00Z, not "${value}"` })
}

/** `--auto`, alone or with a profile; undefined for none. Throws USAGE_FLAG_VALUE. */
export function readAuto(command: string, value: string | undefined): AutoProfile | undefined {
  if (value === undefined || value === 'false') return undefined
  if (value === 'true') return DEFAULT_AUTO
  const profile = AUTO_PROFILES.find((one) => one === value)
  if (profile) return profile
  const reason = `takes one of ${AUTO_PROFILES.join(', ')}${hint(value, AUTO_PROFILES)}`
  throw fail('USAGE_FLAG_VALUE', { flag: '--auto', command, reason })
}

/** A whole number from 1 on. Throws USAGE_FLAG_VALUE. */
export function readCount(command: string, flag: string, value: string): number {
  if (/^[1-9][0-9]{0,5}$/.test(value)) return Number(value)
  throw fail('USAGE_FLAG_VALUE', { flag: `--${flag}`, command, reason: `takes a number from 1 on, not "${value}"` })
}

/** `key=value` pairs with commas between them. Throws USAGE_FLAG_VALUE. */
export function readPairs(command: string, flag: string, text: string | undefined): Record<string, string> {
  const entries = (text ?? '').split(',').filter(Boolean)
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf('=')
      if (at <= 0) throw fail('USAGE_FLAG_VALUE', { flag: `--${flag}`, command, reason: `needs key=value, not "${entry}"` })
      return [entry.slice(0, at), entry.slice(at + 1)]
    }),
  )
}

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const DOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** Labels that Kubernetes takes: the same job may be moved there. Throws USAGE_FLAG_VALUE. */
export function readLabels(command: string, flag: string, text: string | undefined): Record<string, string> {
  const labels = readPairs(command, flag, text)
  const wrong = (reason: string) => fail('USAGE_FLAG_VALUE', { flag: `--${flag}`, command, reason })
  for (const [key, value] of Object.entries(labels)) {
    const [name = '', domain] = key.split('/').toReversed()
    if (key.split('/').length > 2 || !NAME.test(name) || (domain !== undefined && !DOMAIN.test(domain)))
      throw wrong(`has a key that Kubernetes does not take: "${key}"`)
    if (value !== '' && !NAME.test(value)) throw wrong(`has a value that Kubernetes does not take: "${value}"`)
    if (`${domain}/` === PREFIX) throw wrong(`cannot set "${key}": labels of ${PREFIX} are the program's own`)
  }
  return labels
}
