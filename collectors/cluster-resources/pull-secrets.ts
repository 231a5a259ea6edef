import { type CollectorContext, indentedJson, type Output } from '../../core/contract/index.ts'
import { errorFile, type Wanted } from './kind-files.ts'
import { listNamespaced } from './listing.ts'

interface Secret {
  metadata?: { name?: string; namespace?: string }
  data?: Record<string, string>
}
interface DockerConfig {
  auths?: Record<string, { auth?: string; username?: string } | null>
}

/** Which registries there are credentials for, and whose; never a password. */
export async function* pullSecrets(
  { kube, signal }: CollectorContext<unknown>,
  names: readonly string[] | undefined,
  wanted: Wanted,
): AsyncGenerator<Output> {
  const problems = new Map<string, unknown>()
  try {
    for await (const { namespace = '', items, failure } of listSecrets(kube, names, 'type=kubernetes.io/dockerconfigjson')) {
      if (wanted && namespace !== '' && !wanted.has(namespace)) continue
      if (failure) problems.set(namespace, failure)
      for (const { text } of items) {
        const secret = JSON.parse(text) as Secret
        const place = `${secret.metadata?.namespace}/${secret.metadata?.name}`
        const users = usersIn(secret, (where, error) => problems.set(place + where, error))
        if (users) yield indentedJson(`cluster-resources/image-pull-secrets/${place}.json`, users)
      }
    }
  } catch (error) {
    signal.throwIfAborted()
    for (const namespace of wanted ?? ['']) problems.set(namespace, error)
  }
  yield* errorFile('cluster-resources/image-pull-secrets-errors.json', 'image-pull-secrets', problems)
}

/** Who licensed software of the peer's vendor, from the Secret that its installer makes. */
export async function* license(
  { kube, signal }: CollectorContext<unknown>,
  names: readonly string[] | undefined,
  wanted: Wanted,
): AsyncGenerator<Output> {
  try {
    for await (const { namespace = '', items } of listSecrets(kube, names, 'metadata.name=replicated'))
      for (const { text } of items) {
        const found = (!wanted || wanted.has(namespace)) && licenseIn(JSON.parse(text) as Secret)
        if (!found) continue
        yield indentedJson('cluster-resources/license.json', found)
        return
      }
  } catch {
    // most clusters have none, and that Secrets may not be read was said before
    signal.throwIfAborted()
  }
}

const listSecrets = (kube: CollectorContext<unknown>['kube'], names: readonly string[] | undefined, fieldSelector: string) =>
  listNamespaced(kube, { version: 'v1', plural: 'secrets' }, names, { fieldSelector })

/** User by registry; undefined when there is none. */
function usersIn({ data = {} }: Secret, tell: (where: string, error: unknown) => void): Record<string, string> | undefined {
  try {
    const { auths = {} } = JSON.parse(decode(data['.dockerconfigjson'])) as DockerConfig
    const users = Object.entries(auths).map(([registry, entry]) => {
      const user = entry?.auth ? decode(entry.auth).split(':')[0] : entry?.username
      return [registry, user ?? ''] as const
    })
    return users.length > 0 ? Object.fromEntries(users) : undefined
  } catch {
    // what the parser says would quote the Secret
    tell('', new Error('its .dockerconfigjson is not valid JSON'))
    return undefined
  }
}

/** The license is YAML inside of YAML; two of its words are wanted. */
function licenseIn({ data = {} }: Secret): object | undefined {
  const config = decode(data['config.yaml'])
  const word = (key: string) => new RegExp(`\\b${key}:\\s*["']?([\\w.-]+)`).exec(config)?.[1]
  const [licenseID, appSlug] = [word('licenseID'), word('appSlug')]
  return licenseID === undefined ? undefined : { licenseID, appSlug: appSlug ?? '' }
}

const decode = (encoded: string | undefined) => Buffer.from(encoded ?? '', 'base64').toString('utf8')
