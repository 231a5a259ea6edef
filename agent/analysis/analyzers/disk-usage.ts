import * as z from 'zod'
import { compare, words } from '../comparison.ts'
import { jsonFileAnalyzer } from '../json-file.ts'
import { requireQuantity, UNIT } from '../quantity.ts'

const Usage = z.object({ total_bytes: z.int().default(0), used_bytes: z.int().default(0) })
type Usage = z.infer<typeof Usage>

const AMOUNTS: Readonly<Record<string, (usage: Usage) => number>> = {
  total: ({ total_bytes }) => total_bytes,
  used: ({ used_bytes }) => used_bytes,
  available: ({ total_bytes, used_bytes }) => total_bytes - used_bytes,
}
const PARTS: Readonly<Record<string, (usage: Usage) => number>> = {
  'used/total': ({ total_bytes, used_bytes }) => used_bytes / total_bytes,
  'available/total': ({ total_bytes, used_bytes }) => (total_bytes - used_bytes) / total_bytes,
}

/** `when`: `total|used|available <op> <quantity>`, `used/total|available/total <op> <part>`, where a part is `0.8` or `80%`. */
export const diskUsage = jsonFileAnalyzer({
  title: ({ collectorName }) => `Disk Usage ${collectorName}`,
  path: ({ collectorName }) => `host-collectors/diskUsage/${collectorName || 'diskUsage'}.json`,
  content: Usage,
  holds(when, usage) {
    const [subject, operator, wanted] = words(when, 3)
    const name = subject.toLowerCase()
    const amount = Object.hasOwn(AMOUNTS, name) ? AMOUNTS[name] : undefined
    if (amount) return compare(BigInt(amount(usage)) * UNIT, operator, requireQuantity(wanted))
    const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined
    if (!part) throw new Error(`"${subject}" is unknown; use ${Object.keys({ ...AMOUNTS, ...PARTS }).join(', ')}`)
    return compare(part(usage), operator, partOf(wanted))
  },
})

function partOf(text: string): number {
  const found = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(%?)$/.exec(text)
  if (!found) throw new Error(`"${text}" is not a number or percentage`)
  const number = Number(found[1])
  return found[2] === '%' ? number / 100 : number
}
