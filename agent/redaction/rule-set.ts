import { globPattern } from './file-glob.ts'
import { type LineFinder, lineFinder } from './line-finder.ts'
import { type Bits, bitOf, literalAutomaton } from './literal-automaton.ts'
import type { Rule } from './rule.ts'
import { ruleStep } from './rule-step.ts'
import type { RuleStep } from './rule-step.ts'
import { type MaskOf, plainMask } from './token.ts'

export interface CompiledRule {
  name: string
  apply: RuleStep
  /** position among all rules: the order in which they are applied */
  index: number
  /** for each list of literals, the bits of which one must be set */
  needs: readonly Bits[]
  files: readonly RegExp[] | undefined
  isForeign: boolean
}

/** The rules that are for one file, in order. */
export interface RuleSelection {
  rules: readonly CompiledRule[]
  /** The rules that may match a line in which these bits were seen. The same array for the same bits. */
  candidates(low: number, high: number): readonly CompiledRule[]
  /** true if some rule looks at every line */
  isGreedy: boolean
  /** true if some rule was written by a user */
  isForeign: boolean
}

export interface RuleSet {
  /** shared by all files: what it found is used before anything else is looked for */
  finder: LineFinder
  /** a longer line fails its file instead of passing unredacted */
  maxLineBytes: number
  forFile(path: string): RuleSelection
}

const MAX_LINE_BYTES = 16 * 1024 * 1024

/** Compiles rules once for all files. Throws a SyntaxError or TypeError for a rule that cannot work. */
export function ruleSet(rules: readonly Rule[], maskOf: MaskOf = plainMask, maxLineBytes = MAX_LINE_BYTES): RuleSet {
  const lists = new Map<string, readonly string[]>()
  for (const list of rules.flatMap((rule) => rule.literals)) lists.set(list.join('\n'), list)
  const numbers = new Map([...lists.keys()].map((key, index) => [key, bitOf(index)]))
  const compiled = rules.map((rule, index): CompiledRule => {
    const needs = rule.literals.map((list) => halves(numbers.get(list.join('\n')) ?? 0n))
    const isForeign = rule.kind !== 'block' && rule.foreign !== undefined
    return { name: rule.name, apply: ruleStep(rule, maskOf), index, needs, files: rule.files?.map(globPattern), isForeign }
  })
  const selections = new Map<string, RuleSelection>()
  const scoped = compiled.filter(({ files }) => files !== undefined)
  return {
    finder: lineFinder(literalAutomaton([...lists.values()]), maxLineBytes, weakBits(lists, numbers, rules)),
    maxLineBytes,
    forFile: (path) => {
      const fitting = new Set(scoped.filter(({ files }) => files?.some((glob) => glob.test(path))))
      const key = [...fitting].map((rule) => rule.index).join()
      const known = selections.get(key) ?? selection(compiled.filter((rule) => !rule.files || fitting.has(rule)))
      selections.set(key, known)
      return known
    },
  }
}

/**
 * The bits of lists that no rule is content with: a line without others is of interest to none. As many lists as can be had, those with short literals first, as these stand
 * everywhere: nearly every line of JSON has a quote.
 */
function weakBits(lists: Map<string, readonly string[]>, numbers: Map<string, bigint>, rules: readonly Rule[]): Bits {
  const needs = rules.map((rule) => rule.literals.map((list) => numbers.get(list.join('\n')) ?? 0n))
  const shortest = ([, list]: [string, readonly string[]]) => Math.min(...list.map((literal) => literal.length))
  let weak = 0n
  for (const [key] of [...lists].toSorted((a, b) => shortest(a) - shortest(b))) {
    const more = weak | (numbers.get(key) ?? 0n)
    if (!needs.some((all) => all.every((bit) => (bit & more) !== 0n))) weak = more
  }
  return halves(weak)
}

const halves = (bits: bigint) => ({ low: Number(BigInt.asIntN(32, bits)), high: Number(bits >> 32n) })

/** Few combinations of literals occur in real text, so each is worked out once; the cap only bounds memory. */
const MAX_REMEMBERED = 10_000

function selection(rules: readonly CompiledRule[]): RuleSelection {
  const remembered = new Map<number, readonly CompiledRule[]>()
  return {
    rules,
    isGreedy: rules.some((rule) => rule.needs.length === 0),
    isForeign: rules.some((rule) => rule.isForeign),
    candidates: (low, high) => {
      const key = high * 2 ** 32 + (low >>> 0)
      let found = remembered.get(key)
      if (!found) {
        found = rules.filter(({ needs }) => needs.every((need) => ((need.low & low) | (need.high & high)) !== 0))
        if (remembered.size < MAX_REMEMBERED) remembered.set(key, found)
      }
      return found
    },
  }
}
