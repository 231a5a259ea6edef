import { isDeepStrictEqual } from 'node:util'
import { parseGoBool } from '../specs/go-bool.ts'
import { branchOf, evaluate } from './outcomes.ts'
import type { Judgement, Outcome } from './outcomes.ts'

/** The value at `a.b.[0].c`. Undefined where a map lacks the name; throws where the path does not fit the value. */
export function valueAt(root: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    const index = /^\[(.*)\]$/.exec(key)?.[1]
    if (index !== undefined) {
      if (!Array.isArray(value)) throw new Error(`"${path}": there is no list at ${key}`)
      if (!/^\d{1,9}$/.test(index) || Number(index) >= value.length) throw new Error(`"${path}": the list has no element ${key}`)
      return value[Number(index)] as unknown
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Error(`"${path}": there is no map that holds "${key}"`)
    return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
  }, root)
}

/** Whether two values are the same; of absent and null, either. */
export const isSame = (a: unknown, b: unknown): boolean => isDeepStrictEqual(a ?? null, b ?? null)

/** The same, where the order of a list does not matter. */
export function isSameUnordered(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return isSame(a, b)
  const sorted = (list: unknown[]) => list.map((one) => JSON.stringify(one)).sort()
  return isSame(sorted(a), sorted(b))
}

/** Where `when` is `true` or `false`: absent, `true` for pass and `false` for the others. The first outcome that applies. */
export function judgeTruth(outcomes: readonly Outcome[], truth: boolean): Judgement {
  for (const outcome of outcomes) {
    const branch = branchOf(outcome)
    if (!branch) continue
    const { when, ...judgement } = branch
    if (evaluate(when || String(branch.verdict === 'pass'), (text) => readTruth(text) === truth)) return judgement
  }
  return { verdict: 'fail', message: 'Invalid analyzer', uri: '' }
}

/** Throws for what is neither. */
export function readTruth(text: string): boolean {
  const value = parseGoBool(text)
  if (value === undefined) throw new Error('it must be true or false')
  return value
}
