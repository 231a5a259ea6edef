import { compareVersions, parseVersion } from './semver.ts'
import type { Version } from './semver.ts'

export type VersionRange = (version: Version) => boolean

/** A version, or all that a wildcard stands for: from `low` up to but not including `high`. */
interface Target {
  low: Version
  high: Version | undefined
}

const isBelow = (version: Version, bound: Version) => compareVersions(version, bound) < 0
const isIn = (version: Version, { low, high }: Target) =>
  high ? !isBelow(version, low) && isBelow(version, high) : compareVersions(version, low) === 0
const isAbove = (version: Version, { low, high }: Target) => (high ? !isBelow(version, high) : compareVersions(version, low) > 0)

const COMPARATORS: Readonly<Record<string, (version: Version, target: Target) => boolean>> = {
  '': isIn,
  '=': isIn,
  '==': isIn,
  '!': (version, target) => !isIn(version, target),
  '!=': (version, target) => !isIn(version, target),
  '<': (version, { low }) => isBelow(version, low),
  '<=': (version, target) => !isAbove(version, target),
  '>': isAbove,
  '>=': (version, { low }) => !isBelow(version, low),
}

/**
 * Reads a range as blang/semver writes them: comparisons joined by spaces (all must hold) and `||` (one group must
 * hold), with the wildcards `1.x` and `1.2.x`. A pre-release is an ordinary version: `1.2.3-rc.1` is `< 1.2.3` and
 * `>= 1.2.0`. Throws for what it cannot read.
 */
export function parseRange(text: string): VersionRange {
  const groups = text.split('||').map(parseGroup)
  return (version) => groups.some((group) => group.every((holds) => holds(version)))
}

function parseGroup(text: string): VersionRange[] {
  const terms = [...text.matchAll(/\s*([^\d\s]*)\s*(\S*)/g)].filter(([whole]) => whole.trim() !== '')
  if (terms.length === 0) throw new Error('a side of "||", or the whole range, is empty')
  return terms.map(([, operator = '', version = '']) => {
    const holds = Object.hasOwn(COMPARATORS, operator) ? COMPARATORS[operator] : undefined
    if (!holds) throw new Error(`unknown operator "${operator}"`)
    const target = parseTarget(version)
    return (candidate) => holds(candidate, target)
  })
}

function parseTarget(text: string): Target {
  const [, major, minor] = /^(\d{1,18})\.(?:x|x\.x|(\d{1,18})\.x)$/.exec(text) ?? []
  if (major === undefined) return { low: parseVersion(text), high: undefined }
  const low = [BigInt(major), BigInt(minor ?? 0), 0n] as const
  const high = minor === undefined ? ([low[0] + 1n, 0n, 0n] as const) : ([low[0], low[1] + 1n, 0n] as const)
  return { low: { numbers: low, pre: [] }, high: { numbers: high, pre: [] } }
}
