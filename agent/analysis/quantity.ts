const SUFFIXES: Readonly<Record<string, [base: bigint, exponent: number]>> = {
  n: [10n, -9],
  u: [10n, -6],
  m: [10n, -3],
  '': [10n, 0],
  k: [10n, 3],
  M: [10n, 6],
  G: [10n, 9],
  T: [10n, 12],
  P: [10n, 15],
  E: [10n, 18],
  Ki: [2n, 10],
  Mi: [2n, 20],
  Gi: [2n, 30],
  Ti: [2n, 40],
  Pi: [2n, 50],
  Ei: [2n, 60],
}
/** Digits after the point that Kubernetes keeps. */
const SCALE = 9
const MAX_LENGTH = 64
const MAX_EXPONENT = 64

/** One whole unit in billionths. */
export const UNIT = 10n ** BigInt(SCALE)

/**
 * A Kubernetes quantity (`512Mi`, `1.5G`, `250m`, `12e6`) in billionths, exactly; what is finer is rounded away from
 * zero, as Kubernetes does. Undefined for a text that is none.
 */
export function parseQuantity(text: string): bigint | undefined {
  const found = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE])([+-]?\d{1,9})|([a-zA-Z]{0,2}))$/.exec(text)
  if (!found || text.length > MAX_LENGTH) return undefined
  const [, sign, whole = '', fraction = '', , exponentText, suffix = ''] = found
  if (whole === '' && fraction === '') return undefined
  const [base, exponent] = exponentText === undefined ? (suffixOf(suffix) ?? []) : ([10n, Number(exponentText)] as const)
  if (base === undefined || exponent === undefined || Math.abs(exponent) > MAX_EXPONENT) return undefined

  const digits = BigInt(whole + fraction) * (base === 2n ? 2n ** BigInt(exponent) : 1n)
  const shift = SCALE - fraction.length + (base === 10n ? exponent : 0)
  const size = shift >= 0 ? digits * 10n ** BigInt(shift) : divideUp(digits, 10n ** BigInt(-shift))
  return sign === '-' ? -size : size
}

const suffixOf = (text: string) => (Object.hasOwn(SUFFIXES, text) ? SUFFIXES[text] : undefined)

const divideUp = (amount: bigint, by: bigint): bigint => (amount + by - 1n) / by

/** Like parseQuantity, for conditions. Throws for a text that is no quantity. */
export function requireQuantity(text: string): bigint {
  const quantity = parseQuantity(text)
  if (quantity === undefined) throw new Error(`"${text}" is not a quantity like 512Mi or 2G`)
  return quantity
}
