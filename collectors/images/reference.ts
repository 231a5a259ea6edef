/** A reference to an image, as container runtimes resolve it. */
export interface ImageReference {
  registry: string
  repository: string
  /** `latest` when the reference has neither tag nor digest; none when it has a digest alone */
  tag?: string
  digest?: string
}

const DOCKER_HUB = 'docker.io'
const DIGEST = /^[a-z0-9+._-]+:[0-9a-fA-F]{32,}$/

/** Takes `[registry/]repository[:tag][@digest]` apart, with the defaults of a container runtime. */
export function parseReference(text: string): ImageReference {
  const [named, digest] = splitLast(text, '@')
  const at = named.lastIndexOf(':')
  // A colon before the last slash is that of the registry's port.
  const hasTag = at > named.lastIndexOf('/')
  const path = hasTag ? named.slice(0, at) : named
  const tag = hasTag ? named.slice(at + 1) : digest === undefined ? 'latest' : undefined
  const [first = '', ...rest] = path.split('/')
  const isRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const registry = isRegistry ? first.replace(/^(index|registry-1)\.docker\.io$/, DOCKER_HUB) : DOCKER_HUB
  const repository = isRegistry ? rest.join('/') : path
  return {
    registry,
    // Docker Hub's own images are written without their folder.
    repository: registry === DOCKER_HUB && !repository.includes('/') ? `library/${repository}` : repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  }
}

/** What a kubelet says that runs: the digest at its registry, or, of an image that came from none, the id on that node. */
export function parseImageId(text: string): { digest?: string; localId?: string } {
  const [, digest] = splitLast(text, '@')
  if (digest !== undefined && DIGEST.test(digest)) return { digest }
  const id = text.replace(/^[a-z-]+:\/\//, '')
  return DIGEST.test(id) ? { localId: id } : {}
}

function splitLast(text: string, separator: string): [string, string | undefined] {
  const at = text.lastIndexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
