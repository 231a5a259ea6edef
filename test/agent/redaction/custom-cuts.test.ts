import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { customRules } from '../../../agent/redaction/custom-rules.ts'
import { createRedactor } from '../../../agent/redaction/redactor.ts'
import { defaultRules } from '../../../agent/redaction/rules.ts'
import { anyCuts, anyFile } from './arbitrary.ts'

const { rules, documents } = customRules([
  { name: 'values', removals: { values: ['hunter2', '\u00e0'] } },
  {
    name: 'patterns',
    removals: {
      regex: [
        { redactor: String.raw`(?i)(key["']?[:=] ?)(?P<mask>[^ ",;]+)` },
        { selector: 'name', redactor: '(value[^a-z]+)(?P<mask>[a-z]+)' },
        { redactor: String.raw`(?P<mask>\pL{2}\d)` },
      ],
    },
  },
  { name: 'paths', removals: { yamlPath: ['password', '*.value', 'name'] } },
])

/** What comes out, or that nothing did: a file that a path cannot look into is refused whichever way it comes. */
function outcome(input: Uint8Array, cuts: number[], tokenKey?: string): string {
  const file = createRedactor([...defaultRules, ...rules], { documents, tokenKey }).file('x')
  const edges = [0, ...cuts.map((cut) => cut % (input.length + 1)).sort((a, b) => a - b), input.length]
  try {
    const parts = edges.slice(1).flatMap((end, index) => file.push(input.subarray(edges[index], end)))
    return Buffer.concat([...parts, ...file.end()]).toString('latin1')
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
}

describe('custom redactors', () => {
  it.each([undefined, 'ab'.repeat(32)])('give the same however a file is cut, key: %s', (key) => {
    fc.assert(
      fc.property(anyFile, anyCuts, (input, cuts) => {
        const whole = outcome(input, [], key)
        expect(outcome(input, cuts, key)).toBe(whole)
        expect(whole).not.toContain('hunter2')
      }),
      { numRuns: 150 },
    )
  })
})
