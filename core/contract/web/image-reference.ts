import { pluginError } from '../plugin.ts'

/** Where an image is: `busybox` is `index.docker.io`, `library/busybox`, `latest`. */
export interface ImageReference {
  /** host, with a port if it was given */
  registry: string
  repository: string
  /** a tag or a digest */
  reference: string
}

const HUB = 'index.docker.io'
const REPOSITORY = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/

/** Reads the name of an image as container engines do. Of a tag and a digest, the digest counts. Throws IMAGE_INVALID. */
export function parseImage(image: string): ImageReference {
  const [name = '', digest] = image.split('@', 2)
  // a tag has no slash: what stands behind the colon of `localhost:5000/app` is none
  const [, path = name, tag = 'latest'] = /^(.*?):([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$/.exec(name) ?? []
  const slash = path.indexOf('/')
  const first = path.slice(0, Math.max(0, slash))
  const hasRegistry = /[.:[]/.test(first) || first === 'localhost'
  const registry = !hasRegistry || first === 'docker.io' ? HUB : first
  const rest = hasRegistry ? path.slice(slash + 1) : path
  const repository = registry === HUB && !rest.includes('/') ? `library/${rest}` : rest
  const isValid =
    HOST.test(registry) && REPOSITORY.test(repository) && (digest === undefined || /^[a-z0-9+._-]+:[a-f0-9]{32,}$/.test(digest))
  if (!isValid) throw pluginError('IMAGE_INVALID', `"${image}" is no name of an image`, { class: 'config' })
  return { registry, repository, reference: digest ?? tag }
}

/** The login that a Docker config (`.dockerconfigjson`) has for a registry. Throws IMAGE_LOGIN for what is none. */
export function loginIn(config: string, registry: string): { username: string; password: string } | undefined {
  const auths = authsOf(config)
  const names = registry === HUB ? [HUB, 'docker.io', 'registry-1.docker.io'] : [registry]
  // `kubectl create secret docker-registry` writes https://index.docker.io/v1/
  const found = Object.entries(auths).find(([key]) => names.includes(key.replace(/^https?:\/\//, '').replace(/\/.*$/, '')))
  if (!found) return undefined
  const { username = '', password = '', auth = '' } = found[1]
  if (username !== '' && password !== '') return { username, password }
  const decoded = Buffer.from(auth, 'base64').toString()
  const colon = decoded.indexOf(':')
  if (colon < 0) throw pluginError('IMAGE_LOGIN', `the pull secret has no user and password for ${registry}`, { class: 'config' })
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replaceAll('\0', '') }
}

type Auths = Record<string, { auth?: string; username?: string; password?: string }>

function authsOf(config: string): Auths {
  try {
    return (JSON.parse(config) as { auths?: Auths }).auths ?? {}
  } catch {
    throw pluginError('IMAGE_LOGIN', 'the pull secret is not the JSON of a Docker config', { class: 'config' })
  }
}
