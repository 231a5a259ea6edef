import { fail } from '../errors.ts'
import { memo } from './memo.ts'

/** `UTC`, or an area and one or two places. Shorter names (EST, GMT) and offsets mean different things to different programs. */
const SHAPE = /^(?:UTC|(?:[A-Z][a-z]+|US)(?:\/[A-Z][A-Za-z0-9_+-]*){1,2})$/
/** Names that Intl.supportedValuesOf leaves out, since it lists the oldest name of a zone only. */
const NEWER_NAMES = [
  'UTC',
  'Africa/Asmara',
  'America/Argentina/Buenos_Aires',
  'America/Indiana/Indianapolis',
  'America/Kentucky/Louisville',
  'America/Nuuk',
  'Asia/Ho_Chi_Minh',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Asia/Yangon',
  'Atlantic/Faroe',
  'Europe/Kyiv',
  'Pacific/Chuuk',
  'Pacific/Pohnpei',
]
/** What people write for a zone of their country; the places stand for it. */
const NICKNAMES: ReadonlyMap<string, string> = new Map([
  ['z', 'UTC'],
  ['zulu', 'UTC'],
  ['gmt', 'UTC'],
  ['bst', 'Europe/London'],
  ['wet', 'Europe/Lisbon'],
  ['cet', 'Europe/Berlin'],
  ['cest', 'Europe/Berlin'],
  ['met', 'Europe/Berlin'],
  ['eet', 'Europe/Athens'],
  ['msk', 'Europe/Moscow'],
  ['est', 'America/New_York'],
  ['edt', 'America/New_York'],
  ['est5edt', 'America/New_York'],
  ['cst', 'America/Chicago'],
  ['cdt', 'America/Chicago'],
  ['cst6cdt', 'America/Chicago'],
  ['mst', 'America/Denver'],
  ['mdt', 'America/Denver'],
  ['mst7mdt', 'America/Denver'],
  ['pst', 'America/Los_Angeles'],
  ['pdt', 'America/Los_Angeles'],
  ['pst8pdt', 'America/Los_Angeles'],
  ['ist', 'Asia/Kolkata'],
  ['jst', 'Asia/Tokyo'],
  ['aest', 'Australia/Sydney'],
])
const MAX_LENGTH = 60
const MAX_TYPOS = 3
const ZONES_KEPT = 1_000

/**
 * Throws TIME_ZONE_INVALID unless `zone` is `UTC` or a name of the IANA database as `Area/City`, in its own spelling.
 * Which names exist is what this Node.js knows (`process.versions.tz`); newer and older names of one zone both pass.
 */
export function checkTimeZone(zone: string): void {
  if (!isValid(zone)) throw fail('TIME_ZONE_INVALID', { zone: zone.slice(0, MAX_LENGTH), hint: hintFor(zone) })
}

/** Not asked of Intl.supportedValuesOf, which lacks UTC, Asia/Kolkata, Europe/Kyiv and more. Making a formatter is the slow part. */
const isValid = memo(ZONES_KEPT, (zone: string): boolean => {
  if (!SHAPE.test(zone)) return false
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone
    // Intl takes any case, but a zone that is stored should be readable by other programs as well.
    return known === zone || known.toLowerCase() !== zone.toLowerCase()
  } catch {
    return false
  }
})

function hintFor(zone: string): string {
  if (zone.trim() === '') return ': it is empty'
  if (zone !== zone.trim()) return `; did you mean "${zone.trim()}", without spaces?`
  if (/^(?:UTC|GMT)?[+-]\d/i.test(zone)) return ': an offset does not follow summer time, so name a city of the zone'
  if (/^local(?:time)?$/i.test(zone)) return ': the zone of the machine is never used, so name it'
  const nickname = NICKNAMES.get(zone.toLowerCase())
  const near = nickname ?? nearest(zone)
  return near === undefined ? '' : `; did you mean "${near}"?`
}

function nearest(zone: string): string | undefined {
  if (zone.length > MAX_LENGTH) return undefined
  const wanted = zone.toLowerCase().replaceAll(/[\s-]+/g, '_')
  let best: { name: string; typos: number } | undefined
  for (const name of [...Intl.supportedValuesOf('timeZone'), ...NEWER_NAMES]) {
    const spelled = name.toLowerCase().replaceAll('-', '_')
    const city = spelled.slice(spelled.lastIndexOf('/') + 1)
    // "Berlin" is short of its area, and so is a misspelled one; a city that is right outweighs a wrong area.
    const typos = Math.min(distance(wanted, spelled), distance(wanted.slice(wanted.lastIndexOf('/') + 1), city) + 0.5)
    if (!best || typos < best.typos) best = { name, typos }
  }
  return best && best.typos <= Math.min(MAX_TYPOS, zone.length / 3) ? best.name : undefined
}

/** Levenshtein: how many letters to add, drop or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
