import { isRecord } from '../../specs/document.ts'

/**
 * Whether a pod with this spec would see something of a Secret: by a volume, a variable, or as a credential for images. Every
 * field in which a pod names a Secret ends in one of these; new ones of Kubernetes mostly do as well.
 */
export function isOfSecret(spec: unknown, name: string): boolean {
  if (Array.isArray(spec)) return spec.some((one) => isOfSecret(one, name))
  if (!isRecord(spec)) return false
  return Object.entries(spec).some(([key, value]) => {
    if (key === 'secretName' && value === name) return true
    if (NAMED.has(key) && namesIn(value).includes(name)) return true
    return isOfSecret(value, name)
  })
}

/** Fields whose value names a Secret by `name`: one of them, or a list of them. */
const NAMED: ReadonlySet<string> = new Set([
  'secret',
  'secretRef',
  'secretKeyRef',
  'imagePullSecrets',
  'nodePublishSecretRef',
  'nodeStageSecretRef',
  'controllerPublishSecretRef',
])

const CREDENTIALS = ['serviceAccountToken', 'podCertificate']
/** The type of a Secret into which the server writes a token that lasts as long as the Secret. */
export const TOKEN_SECRET = 'kubernetes.io/service-account-token'

function namesIn(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(namesIn)
  return isRecord(value) ? [value['name']] : []
}

/** Whether a pod's volumes have a token or a certificate of its ServiceAccount, besides the token that it has by itself. */
export function asksForToken(spec: Record<string, unknown>): boolean {
  const { volumes } = spec as { volumes?: { projected?: { sources?: Record<string, unknown>[] } }[] }
  const sources = (Array.isArray(volumes) ? volumes : []).flatMap((volume) => volume?.projected?.sources ?? [])
  return sources.some((source) => CREDENTIALS.some((field) => source?.[field] !== undefined))
}
