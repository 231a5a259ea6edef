import * as z from 'zod'
import { compare, words } from '../comparison.ts'
import { jsonFileAnalyzer } from '../json-file.ts'
import { requireQuantity, UNIT } from '../quantity.ts'

/** `when`: `<op> <quantity>`, on all memory of the computer. */
export const memory = jsonFileAnalyzer({
  title: () => 'Amount of Memory',
  path: () => 'host-collectors/system/memory.json',
  content: z.object({ total: z.int().default(0) }),
  holds(when, { total }) {
    const [operator, wanted] = words(when, 2)
    return compare(BigInt(total) * UNIT, operator, requireQuantity(wanted))
  },
})
