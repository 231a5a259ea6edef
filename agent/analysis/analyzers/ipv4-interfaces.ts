import * as z from 'zod'
import { compare, wholeNumber, words } from '../comparison.ts'
import { jsonFileAnalyzer } from '../json-file.ts'

/** `when`: `count <op> N`. */
export const ipv4Interfaces = jsonFileAnalyzer({
  title: () => 'IPv4 Interfaces',
  path: () => 'host-collectors/system/ipv4Interfaces.json',
  content: z.array(z.unknown()).nullable(),
  holds(when, interfaces) {
    const [subject, operator, wanted] = words(when, 3)
    if (subject !== 'count') throw new Error(`"${subject}" is unknown; use count`)
    return compare(interfaces?.length ?? 0, operator, wholeNumber(wanted))
  },
})
