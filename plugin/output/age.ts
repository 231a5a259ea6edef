import { showDuration } from '../../core/quantity.ts'

/** `2h ago`, or a dash. */
export function ago(at: string | undefined, now: Date): string {
  return at === undefined ? '-' : `${showDuration(now.getTime() - Date.parse(at))} ago`
}

/** `in 12m`, or a dash. */
export function until(at: string | undefined, now: Date): string {
  return at === undefined ? '-' : `in ${showDuration(Date.parse(at) - now.getTime())}`
}

/** An instant in a zone, with its offset, so that it can't be misread: `2026-11-24 02:00 +01:00`. */
export function localTime(at: string | Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: known(timeZone),
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  }).formatToParts(new Date(at))
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? ''
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')} ${part('timeZoneName').replace('GMT', '') || '+00:00'}`
}

/** A job with a zone that does not exist is shown too. */
function known(timeZone: string): string {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone }).resolvedOptions().timeZone
  } catch {
    return 'UTC'
  }
}
