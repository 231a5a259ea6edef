import * as z from 'zod'
import { words } from '../comparison.ts'
import { jsonFileAnalyzer } from '../json-file.ts'

const TimeInfo = z.object({
  timezone: z.string().default(''),
  ntp_synchronized: z.boolean().default(false),
  ntp_active: z.boolean().default(false),
})

const NTP_STATES = ['synchronized+active', 'synchronized+inactive', 'unsynchronized+active', 'unsynchronized+inactive']

/** `when`: `timezone == X`, `timezone != X`, `ntp == synchronized+active` and its opposites. */
export const time = jsonFileAnalyzer({
  title: () => 'Time',
  path: () => 'host-collectors/system/time.json',
  content: TimeInfo,
  holds(when, { timezone, ntp_synchronized, ntp_active }) {
    const [subject, operator, wanted] = words(when, 3)
    const isEqual = /^={1,3}$/.test(operator)
    if (subject === 'timezone') {
      if (!isEqual && operator !== '!=') throw new Error(`unknown operator "${operator}"; known are == and !=`)
      return (timezone === wanted) === isEqual
    }
    if (subject !== 'ntp') throw new Error(`"${subject}" is unknown; use timezone or ntp`)
    if (!isEqual) throw new Error(`unknown operator "${operator}"; known is ==`)
    if (!NTP_STATES.includes(wanted)) throw new Error(`"${wanted}" is unknown; use ${NTP_STATES.join(', ')}`)
    return wanted === `${ntp_synchronized ? '' : 'un'}synchronized+${ntp_active ? '' : 'in'}active`
  },
})
