/** Keys under which Secrets hold what is known to all. */
const PUBLIC_KEY =
  /(?:\.crt|\.pem\.pub|\.pub)$|^(?:ca|namespace|release|user|username|host|hostname|port|database|dbname|region|bucket|endpoint)$/i
/** Keys that say themselves that a secret follows, however short or plain it is. */
const SECRET_KEY = /passw|secret|token|credential|private|api[-_.]?key|(?:access|encryption|session|signing)[-_.]?key|^auth$/i
/** Words, numbers, names of objects and hosts: to mask them wherever they stand would destroy the bundle and hide nothing. */
const PLAIN = /^(?:[a-z]+(?:[-_./:][a-z0-9]+)*\d{0,3}|[A-Z][a-z]+|[\d.:/-]+|true|false)$/
const MIN_SECRET_LENGTH = 6
const MIN_LENGTH = 8
/** Longer values are files of their own; where they stand again, the rules for keys and tokens find what matters in them. */
const MAX_LENGTH = 16 * 1024
/** A vendor's facts about its product, made to be shown: bundles have them in metadata/cluster.json. */
const SUPPORT_METADATA = 'replicated-support-metadata'
const REGISTRY_KEYS = ['.dockerconfigjson', '.dockercfg']

/**
 * The values of a Secret that are to be masked wherever else they stand. Certificates, Helm releases, and what is plain (user
 * names, hosts, words) are not among them.
 *
 * @param secret as the API server gives it, data in base64
 */
export function secretValues(secret: Record<string, unknown>): string[] {
  const { data, stringData, type, metadata } = secret
  if (type === 'helm.sh/release.v1') return []
  if ((metadata as { name?: unknown } | undefined)?.name === SUPPORT_METADATA) return []
  const values: string[] = []
  const add = (key: string, value: string) => {
    if (REGISTRY_KEYS.includes(key)) values.push(...registryValues(value))
    if (isSecret(key, value)) values.push(value.trim())
  }
  for (const [key, value] of entriesOf(data)) add(key, Buffer.from(value, 'base64').toString('utf8'))
  for (const [key, value] of entriesOf(stringData)) add(key, value)
  return values
}

const entriesOf = (value: unknown): [string, string][] =>
  Object.entries(typeof value === 'object' && value !== null ? value : {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )

function isSecret(key: string, raw: string): boolean {
  const value = raw.trim()
  // What is no text is found as base64 by nobody: its lines are not.
  if (value.length > MAX_LENGTH || value.includes('\ufffd') || /-----BEGIN (?:[A-Z]+ )*CERTIFICATE-----/.test(value)) return false
  if (SECRET_KEY.test(key) && !PUBLIC_KEY.test(key)) return value.length >= MIN_SECRET_LENGTH
  return !PUBLIC_KEY.test(key) && value.length >= MIN_LENGTH && !PLAIN.test(value)
}

/** Passwords and base64 pairs of a registry's credentials. */
function registryValues(text: string): string[] {
  const found: string[] = []
  try {
    JSON.parse(text, (key, value: unknown) => {
      const isOne = ['password', 'auth', 'identitytoken', 'registrytoken', 'secret'].includes(key.toLowerCase())
      if (isOne && typeof value === 'string' && value.length >= MIN_SECRET_LENGTH) found.push(value)
      return value
    })
  } catch {
    // no JSON: the value as a whole is looked for
  }
  return found
}
