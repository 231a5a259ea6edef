export interface Version {
  /** major, minor, patch */
  numbers: readonly [bigint, bigint, bigint]
  /** identifiers of a pre-release; empty for a release. Build metadata is not kept: it has no part in the order. */
  pre: readonly (bigint | string)[]
}

const MAX_LENGTH = 256
const NUMBER = '(0|[1-9]\\d*)'
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\\+([0-9A-Za-z.-]+))?$`)

/** Reads `major.minor.patch[-pre][+build]` as semver.org defines it. Throws for anything else. */
export function parseVersion(text: string): Version {
  const found = text.length <= MAX_LENGTH ? VERSION.exec(text) : null
  const pre = found?.[4]?.split('.') ?? []
  const build = found?.[5]?.split('.') ?? []
  if (!found || [...pre, ...build].includes('') || pre.some((part) => /^0\d+$/.test(part)))
    throw new Error(`"${text.slice(0, MAX_LENGTH)}" is not a version like 1.2.3`)
  const [major = '', minor = '', patch = ''] = found.slice(1)
  return {
    numbers: [BigInt(major), BigInt(minor), BigInt(patch)],
    pre: pre.map((part) => (/^\d+$/.test(part) ? BigInt(part) : part)),
  }
}

/** Like parseVersion, for versions of distributions: takes `v1.2`, `20.04` and leading zeros. Throws for anything else. */
export function parseTolerantVersion(text: string): Version {
  const [major = '', minor = '0', ...rest] = text.trim().replace(/^v/, '').split('.')
  const patch = rest.length > 0 ? rest.join('.') : '0'
  return parseVersion([major, minor, patch].map((part) => part.replace(/^0+(?=\d)/, '')).join('.'))
}

/** Negative, 0 or positive. A pre-release comes before its release; numbers come before words. */
export function compareVersions(a: Version, b: Version): number {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0n
    if (number !== other) return number < other ? -1 : 1
  }
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length
  for (const [index, part] of a.pre.entries()) {
    const order = compareIdentifiers(part, b.pre[index])
    if (order !== 0) return order
  }
  return a.pre.length - b.pre.length
}

function compareIdentifiers(a: bigint | string, b: bigint | string | undefined): number {
  if (b === undefined) return 1
  if (a === b) return 0
  if (typeof a !== typeof b) return typeof a === 'bigint' ? -1 : 1
  return a < b ? -1 : 1
}
