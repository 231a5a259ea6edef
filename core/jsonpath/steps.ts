import { MAX_DEPTH, type Run, VISIT } from './run.ts'
import { childrenOf, isObject, kindOf } from './values.ts'

/** Takes the values found so far to the next ones. Never changes what it is given. */
export type Step = (values: readonly unknown[], run: Run) => readonly unknown[]

/** Applies the steps of a path one after the other. */
export function follow(path: readonly Step[], values: readonly unknown[], run: Run): readonly unknown[] {
  return path.reduce((found, step) => step(found, run), values)
}

/** `"text"`: itself, once. */
export const text =
  (value: string): Step =>
  () => [value]

/** A number, `true` or `false`: itself for every value there is. */
export const constant =
  (value: number | boolean): Step =>
  (values) =>
    values.map(() => value)

/** `.name`: the member of each object that has one. */
export const member = (name: string, at: number): Step =>
  collect(at, (value, found) => {
    if (isObject(value) && Object.hasOwn(value, name) && value[name] !== undefined) found.push(value[name])
  })

/** `.*`: the elements of lists and the members of objects. */
export const all = (at: number): Step =>
  collect(at, (value, found, run) => {
    const children = childrenOf(value)
    run.spend(VISIT * children.length, at)
    for (const child of children) found.push(child)
  })

/** `..`: each value and everything below it, as far as it has something below it; texts count as such, as in kubectl. */
export function descend(at: number): Step {
  const visit = (value: unknown, depth: number, found: unknown[], run: Run): void => {
    run.spend(VISIT, at)
    if (depth > MAX_DEPTH) return run.mismatch(`it is nested deeper than ${MAX_DEPTH} levels`, at)
    const children = childrenOf(value)
    if (children.length === 0 && (typeof value !== 'string' || value === '')) return undefined
    found.push(value)
    for (const child of children) visit(child, depth + 1, found, run)
  }
  return collect(at, (value, found, run) => visit(value, 0, found, run))
}

/** `[2]`, `[-1]`: one element of each list. A list that is too short is an error, as in kubectl. */
export const element = (index: number, at: number): Step =>
  collectLists(at, (list, found, run) => {
    const place = index < 0 ? index + list.length : index
    if (place < 0 || place >= list.length) run.mismatch(`a list of ${list.length} has no element ${index}`, at)
    else found.push(list[place])
  })

/** `[from:to:step]`, `[*]`: elements of each list. Bounds outside the list are an error, as in kubectl; an empty range is not. */
export const slice = (from: number | undefined, to: number | undefined, step: number, at: number): Step =>
  collectLists(at, (list, found, run) => {
    const { length } = list
    const first = (from ?? 0) < 0 ? (from ?? 0) + length : (from ?? 0)
    const end = (to ?? length) < 0 ? (to ?? length) + length : (to ?? length)
    if (first === end) return
    if (first < 0 || first > end || end > length) {
      run.mismatch(`a list of ${length} has no elements ${from ?? ''}:${to ?? ''}`, at)
      return
    }
    run.spend(VISIT * (end - first), at)
    for (let place = first; place < end; place += step) found.push(list[place])
  })

/** `[a,b]`: what the first path gives, then what the second gives. */
export const union =
  (paths: readonly (readonly Step[])[]): Step =>
  (values, run) => {
    const found: unknown[] = []
    for (const path of paths) for (const value of follow(path, values, run)) found.push(value)
    return found
  }

/** `[?(path)]`: the elements of each list in which the path finds something. */
export const having = (path: readonly Step[], at: number): Step =>
  collectLists(at, (list, found, run) => {
    for (const item of list) {
      run.spend(VISIT, at)
      run.isLenient = true
      const isThere = follow(path, [item], run).length > 0
      run.isLenient = false
      if (isThere) found.push(item)
    }
  })

/** A comparison of two values of one type. */
export type Comparison = (left: Comparable, right: Comparable) => boolean
type Comparable = string | number | boolean

/** The operators of filters. Numbers compare as numbers; kubectl tells whole ones from others and refuses to compare them. */
export const COMPARISONS: ReadonlyMap<string, { compare: Comparison; isOrder: boolean }> = new Map([
  ['==', { compare: (left, right) => left === right, isOrder: false }],
  ['!=', { compare: (left, right) => left !== right, isOrder: false }],
  ['<', { compare: (left, right) => left < right, isOrder: true }],
  ['<=', { compare: (left, right) => left <= right, isOrder: true }],
  ['>', { compare: (left, right) => left > right, isOrder: true }],
  ['>=', { compare: (left, right) => left >= right, isOrder: true }],
])

/** `[?(left == right)]`: the elements of each list that pass. An element in which one side finds nothing does not, even for `!=`. */
export function matching(left: readonly Step[], operator: string, right: readonly Step[], at: number): Step {
  const comparison = COMPARISONS.get(operator)
  return collectLists(at, (list, found, run) => {
    for (const item of list) {
      run.spend(VISIT, at)
      const lefts = follow(left, [item], run)
      const rights = lefts.length > 0 ? follow(right, [item], run) : []
      if (rights.length === 0) continue
      if (lefts.length > 1 || rights.length > 1) run.mismatch('a filter compares one value with one other', at)
      const [a, b] = [lefts[0], rights[0]]
      if (!isComparable(a) || typeof a !== typeof b || (comparison?.isOrder && typeof a === 'boolean'))
        run.mismatch(`${kindOf(a)} cannot be compared with ${kindOf(b)} by "${operator}"`, at)
      else if (comparison?.compare(a, b as Comparable)) found.push(item)
    }
  })
}

const isComparable = (value: unknown): value is Comparable =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

/** A step that looks at each value by itself. */
function collect(at: number, look: (value: unknown, found: unknown[], run: Run) => void): Step {
  return (values, run) => {
    const found: unknown[] = []
    run.spend(VISIT * values.length, at)
    for (const value of values) look(value, found, run)
    return found
  }
}

/** A step that looks at lists, passes over null and takes nothing else. */
function collectLists(at: number, look: (list: readonly unknown[], found: unknown[], run: Run) => void): Step {
  return collect(at, (value, found, run) => {
    if (Array.isArray(value)) look(value, found, run)
    else if (value !== null && value !== undefined) run.mismatch(`${kindOf(value)} is not a list`, at)
  })
}
