import { ownNamespace, reasonLine } from './cluster-source.ts'
import type { CollectorContext } from './collector.ts'
import { pluginError } from './plugin.ts'

/** A key of a Secret or ConfigMap. Without `namespace`: that of the run. */
export interface KeyRef {
  name: string
  key: string
  namespace?: string | undefined
  /** true: when there is no such object or key, the value is empty */
  optional?: boolean | undefined
}

/** A value as it stands, or where it is: v1beta2 has texts only, v1beta3 all three. */
export type ValueSource =
  | string
  | {
      value?: string | undefined
      valueFrom?: { secretKeyRef?: KeyRef | undefined; configMapKeyRef?: KeyRef | undefined } | undefined
    }

/** Certificates in PEM, each where it is. `secret` counts alone; its keys are `cacert`, `clientCert`, `clientKey`. */
export interface TlsSource {
  skipVerify: boolean
  secret?: { name: string; namespace: string } | undefined
  cacert?: ValueSource | undefined
  clientCert?: ValueSource | undefined
  clientKey?: ValueSource | undefined
}

/** Certificates in PEM; empty = none. */
export interface TlsMaterial {
  skipVerify: boolean
  ca: string
  cert: string
  key: string
}

/** What reading of values takes of a context. */
export type ValueContext = Pick<CollectorContext<unknown>, 'kube' | 'namespaces' | 'defaultNamespace'>

/**
 * The value itself; empty when it is nowhere.
 *
 * @throws a plug-in error of class `config` when the object or key is not there, or what the API server says
 */
export async function readValue(source: ValueSource | undefined, context: ValueContext): Promise<string> {
  if (source === undefined || typeof source === 'string') return source ?? ''
  if (source.value !== undefined) return source.value
  const { secretKeyRef, configMapKeyRef } = source.valueFrom ?? {}
  if (secretKeyRef) return valueOf('secret', secretKeyRef, context)
  return configMapKeyRef ? valueOf('configmap', configMapKeyRef, context) : ''
}

/**
 * The certificates; undefined when TLS was not asked for.
 *
 * @throws as `readValue`, and when of a client's certificate and key there is only one
 */
export async function readTls(source: TlsSource | undefined, context: ValueContext): Promise<TlsMaterial | undefined> {
  if (!source) return undefined
  const { skipVerify } = source
  const secret = source.secret && placed(source.secret, context)
  const from = secret ? await valuesOf('secret', secret, context) : undefined
  if (secret && !from) throw absent(`there is no secret ${secret.namespace}/${secret.name}`)
  if (secret && !skipVerify && !from?.['cacert']) throw absent(`secret ${secret.namespace}/${secret.name} has no key "cacert"`)
  const read = async (key: 'cacert' | 'clientCert' | 'clientKey') => (from ? (from[key] ?? '') : readValue(source[key], context))
  const [ca, cert, key] = [await read('cacert'), await read('clientCert'), await read('clientKey')]
  if ((cert === '') !== (key === '')) throw absent('a certificate of a client needs its key, and a key its certificate')
  return { skipVerify, ca, cert, key }
}

/** Where it lies. */
const placed = ({ name, namespace }: { name: string; namespace?: string | undefined }, context: ValueContext) => ({
  name,
  namespace: ownNamespace(context, namespace),
})

type Kind = 'secret' | 'configmap'

async function valueOf(kind: Kind, ref: KeyRef, context: ValueContext): Promise<string> {
  const where = placed(ref, context)
  const values = await valuesOf(kind, where, context)
  const value = values && Object.hasOwn(values, ref.key) ? values[ref.key] : undefined
  if (value !== undefined || ref.optional) return value ?? ''
  const named = `${kind} ${where.namespace}/${where.name}`
  throw absent(values ? `${named} has no key "${ref.key}"` : `there is no ${named}`)
}

/** All values of an object; undefined when there is none. */
async function valuesOf(
  kind: Kind,
  { name, namespace }: { name: string; namespace: string },
  context: ValueContext,
): Promise<Record<string, string> | undefined> {
  const path = ['', 'api', 'v1', 'namespaces', namespace, `${kind}s`, name].map(encodeURIComponent).join('/')
  const found = await context.kube.get(path).catch((error: unknown) => {
    const { class: of = 'retryable' } = error as { class?: 'permission' | 'retryable' }
    throw pluginError('VALUE_UNREADABLE', `${kind} ${namespace}/${name}: ${reasonLine(error)}`, { class: of, cause: error })
  })
  if (!found) return undefined
  const data = (found.json['data'] ?? {}) as Record<string, string>
  if (kind === 'configmap') return data
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]))
}

const absent = (message: string) => pluginError('VALUE_MISSING', message, { class: 'config' })
