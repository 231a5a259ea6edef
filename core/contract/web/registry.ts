import { indentedJson, reasonLine } from '../cluster-source.ts'
import { type Http, type HttpAnswer, originOf } from '../http.ts'
import { type ImageReference, parseImage } from './image-reference.ts'
import { warning } from '../outputs.ts'
import { type Clock, type Output, pluginError } from '../plugin.ts'

export interface RegistryLogin {
  username: string
  password: string
}

export interface RegistryContext {
  http: Http
  clock: Clock
  signal: AbortSignal
}

type Login = RegistryLogin | undefined

/** Of one request. */
const TIMEOUT_MS = 10_000
const TRIES = 3
const PAUSE_MS = 1_000
/** A registry that answers so may do better in a moment. */
const BUSY = new Set([429, 500, 502, 503, 504])
const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
].join(', ')

/** The file of a `registryImages` entry: which images there are. What could not be looked up stands in it, and in a warning. */
export async function* registryFile(
  context: RegistryContext,
  images: string[],
  path: string,
  loginFor: (registry: string) => Promise<Login>,
): AsyncGenerator<Output> {
  context.signal.throwIfAborted()
  const found: Record<string, { exists: boolean; error?: string }> = {}
  for (const image of [...new Set(images)].toSorted()) {
    try {
      const reference = parseImage(image)
      found[image] = { exists: await imageExists(context, reference, await loginFor(reference.registry)) }
    } catch (error) {
      context.signal.throwIfAborted()
      found[image] = { exists: false, error: reasonLine(error) }
    }
  }
  yield indentedJson(path, { images: found })
  const failed = Object.entries(found).flatMap(([image, { error }]) => (error === undefined ? [] : [`${image}: ${error}`]))
  if (failed.length > 0)
    yield warning('REGISTRY_IMAGES_UNKNOWN', `${failed.length} images could not be looked up, first ${failed[0]}`)
}

/**
 * Whether a registry has a manifest of that tag or digest. A HEAD first: unlike a GET, it does not count against the limits of
 * Docker Hub. Throws for a registry that cannot say so, also for a repository that it does not know.
 */
export async function imageExists(context: RegistryContext, image: ImageReference, login: Login): Promise<boolean> {
  for (let tried = 1; ; tried++) {
    try {
      return await look(context, image, login)
    } catch (error) {
      context.signal.throwIfAborted()
      if (tried === TRIES || !isPassing(error)) throw error
      await context.clock.sleep(PAUSE_MS, context.signal)
    }
  }
}

async function look({ http }: RegistryContext, image: ImageReference, login: Login): Promise<boolean> {
  const place = `/v2/${image.repository}/manifests/${image.reference}`
  const first = await reach(http, image.registry, place)
  const { url } = first
  const challenge = first.answer.status === 401 ? (first.answer.headers['www-authenticate'] ?? []).join(', ') : undefined
  const authorization = challenge === undefined ? undefined : await authorize(http, url, challenge, image, login)
  const ask = (method: string) =>
    http.send({ method, url, headers: { accept: ACCEPT, ...(authorization ? { authorization } : {}) }, timeoutMs: TIMEOUT_MS })
  const answer = authorization ? await ask('HEAD') : first.answer
  // Why there is none is in the body, which a HEAD does not have.
  return answer.status === 200 || judge(url, await ask('GET'))
}

/** The first answer, and the URL that gave it. Registries close by may speak plain http, as container engines allow them to. */
async function reach(http: Http, registry: string, place: string): Promise<{ url: string; answer: HttpAnswer }> {
  const ask = async (scheme: string) => {
    const url = `${scheme}://${registry}${place}`
    return { url, answer: await http.send({ method: 'HEAD', url, headers: { accept: ACCEPT }, timeoutMs: TIMEOUT_MS }) }
  }
  try {
    return await ask('https')
  } catch (error) {
    if (!isLocal(registry) || (error as { code?: unknown }).code !== 'HTTP_NO_ANSWER') throw error
    return ask('http')
  }
}

const isLocal = (registry: string) => /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/.test(registry)

/** What a challenge asks for: our login itself, or a token that it is good for. Undefined when there is no way to answer it. */
async function authorize(
  http: Http,
  url: string,
  challenge: string,
  { repository }: ImageReference,
  login: Login,
): Promise<string | undefined> {
  const basic = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`
  if (!/\bbearer\s/i.test(challenge)) return basic
  const fields = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]))
  const { realm = '', service, scope = `repository:${repository}:pull` } = fields
  if (!isTrusted(realm, url)) throw refused(url, 'it names no https address to get a token from')
  const from = new URL(realm)
  if (service) from.searchParams.set('service', service)
  from.searchParams.set('scope', scope)
  const answer = await http.send({ url: from.href, headers: basic ? { authorization: basic } : {}, timeoutMs: TIMEOUT_MS })
  if (answer.status !== 200) throw refusal(from.href, answer)
  const { token, access_token } = (readJson(answer.body) ?? {}) as { token?: unknown; access_token?: unknown }
  const given = [token, access_token].find((one): one is string => typeof one === 'string' && one !== '')
  if (given === undefined) throw refused(url, 'it gave no token')
  return `Bearer ${given}`
}

/** A login is sent there: in clear only as far as the registry itself. */
const isTrusted = (realm: string, url: string) =>
  URL.canParse(realm) && (realm.startsWith('https://') || (originOf(url).startsWith('http://') && isLocal(new URL(realm).host)))

function judge(url: string, answer: HttpAnswer): boolean {
  if (answer.status === 200) return true
  const codes = problemsIn(answer).map(({ code }) => code)
  if (answer.status === 404 && codes.includes('MANIFEST_UNKNOWN') && !codes.includes('NAME_UNKNOWN')) return false
  throw refusal(url, answer)
}

interface Problem {
  code?: string
  message?: string
}

function problemsIn({ body }: HttpAnswer): Problem[] {
  const { errors } = (readJson(body) ?? {}) as { errors?: unknown }
  return Array.isArray(errors)
    ? (errors as unknown[]).filter((one): one is Problem => typeof one === 'object' && one !== null)
    : []
}

const readJson = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}

/** Longer texts of a registry are cut. */
const MAX_TEXT = 200

function refusal(url: string, answer: HttpAnswer): Error {
  const [problem] = problemsIn(answer)
  const said = [problem?.code, problem?.message].filter((part) => typeof part === 'string' && part !== '').join(': ')
  const reason = `it answered ${answer.status}${said ? ` (${said.slice(0, MAX_TEXT)})` : ''}`
  return refused(url, reason, BUSY.has(answer.status))
}

const refused = (url: string, reason: string, isBusy = false) =>
  pluginError('REGISTRY_REFUSED', `${originOf(url)}: ${reason}`, { class: isBusy ? 'retryable' : 'config' })

/** Connections that were cut, and registries that are busy, are worth another try; who is not there will not come in a second. */
function isPassing(error: unknown): boolean {
  const { code, class: of, cause } = error as { code?: unknown; class?: unknown; cause?: { code?: unknown } }
  if (code === 'REGISTRY_REFUSED') return of === 'retryable'
  return code === 'HTTP_NO_ANSWER' && ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(String(cause?.code))
}
