import type { Query, RawList } from '../contract/collector.ts'
import { fail } from '../errors.ts'
import type { KubeClient, KubeRequest } from './client.ts'
import { type ListEnvelope, ListSplitter, parseList } from './list-splitter.ts'
import { RawItem } from './raw-item.ts'
import { isStatus } from './status-error.ts'

export interface ListOptions extends Pick<KubeRequest, 'path' | 'query' | 'signal' | 'timeoutMs' | 'compress'> {
  /** objects a request; default 500 */
  limit?: number
  /**
   * When the server has forgotten the state that the pages so far are of (410). `continue`, the default: the rest comes from a
   * newer state, each object at most once. `restart`: one state or nothing; the page that begins anew says so.
   */
  onExpired?: 'continue' | 'restart'
  /** told when the rest comes from a newer state */
  onNewerState?: () => void
  /** a page is handed on when its items have this many bytes, so that huge objects do not fill the memory. Default 16 MiB */
  pageBytes?: number
  /** Nobody asks for the items' bytes as they were sent: a small page is parsed at once, which is quicker than to cut it. */
  isParsed?: boolean
}

/** Some of a list's items, in order. */
export interface ListPage extends RawList {
  items: RawItem[]
  /** of the list; empty on parts of a page that come before it is known */
  resourceVersion: string
  /** all pages before this one are void */
  isRestart: boolean
}

const LIMIT = 500
const PAGE_BYTES = 16 * 1024 * 1024
/** A page that is parsed at once may have this many bytes. */
const PARSED_BYTES = 2 * 1024 * 1024
/** A list that cannot be finished within this many starts will not be: it is larger than what the server remembers. */
const MAX_RESTARTS = 3

/**
 * A list in pages, each item with the bytes that the server sent. While a page is worked on, no more is asked for.
 *
 * @throws what KubeClient.request throws; API_EXPIRED when restarts do not help
 */
export async function* listPages(client: KubeClient, options: ListOptions): AsyncGenerator<ListPage> {
  let token: string | undefined
  let isRestart = false
  const place = new Place()
  for (let restarts = 0; ;) {
    try {
      const envelope = yield* onePage(client, options, { token, isRestart, place })
      isRestart = false
      token = envelope.continueToken
      if (token === undefined) return
    } catch (error) {
      if (!isStatus(error, 410) || token === undefined) throw error
      if (options.onExpired !== 'restart' && error.continueToken !== undefined) {
        token = error.continueToken
        options.onNewerState?.()
        continue
      }
      if (++restarts > MAX_RESTARTS) throw error
      token = undefined
      isRestart = options.onExpired === 'restart'
      if (isRestart) continue
      place.goOnFrom()
      options.onNewerState?.()
    }
  }
}

/** How far a list has come: one that begins anew, and has no token to go on from there, leaves out what was given before. */
class Place {
  #last: RawItem | undefined
  #from: string | undefined

  goOnFrom(): void {
    this.#from = this.#last && placeOf(this.#last)
  }

  /** Those of a page that were not given before. */
  fresh(items: RawItem[]): RawItem[] {
    const from = this.#from
    const first = from === undefined ? 0 : items.findIndex((item) => placeOf(item) > from)
    const fresh = first === -1 ? [] : items.slice(first)
    if (fresh.length > 0) this.#from = undefined
    this.#last = fresh.at(-1) ?? this.#last
    return fresh
  }
}

/** The server lists in the order of its keys, which are made of these; names are ASCII. */
const placeOf = ({ metadata: { namespace = '', name = '' } }: RawItem) => `${namespace}/${name}`

/** The whole list at once, of one state: for lists that are known to be small. */
export async function listAll(client: KubeClient, options: ListOptions): Promise<ListPage> {
  const all: ListPage = { items: [], resourceVersion: '', isRestart: false }
  for await (const page of listPages(client, { ...options, onExpired: 'restart' })) {
    if (page.isRestart) all.items = []
    all.items.push(...page.items)
    all.resourceVersion = page.resourceVersion
  }
  return all
}

async function* onePage(
  client: KubeClient,
  options: ListOptions,
  { token, isRestart, place }: { token: string | undefined; isRestart: boolean; place: Place },
): AsyncGenerator<ListPage, ListEnvelope> {
  const response = await client.request({ ...options, query: pageQuery(options, token) })
  const splitter = new ListSplitter()
  const maxBytes = options.pageBytes ?? PAGE_BYTES
  let part: ListPage = { items: [], resourceVersion: '', isRestart }
  let bytes = 0
  const whole: Buffer[] = []
  let wholeBytes = options.isParsed ? 0 : Infinity
  for await (const one of response.body) {
    wholeBytes += one.length
    whole.push(one)
    if (wholeBytes <= PARSED_BYTES) continue
    const piece = whole.length === 1 ? one : Buffer.concat(whole)
    whole.length = 0
    wholeBytes = Infinity
    for (const item of splitter.push(piece)) {
      part.items.push(new RawItem(item))
      bytes += item.length
    }
    if (bytes < maxBytes) continue
    yield { ...part, items: place.fresh(part.items) }
    part = { items: [], resourceVersion: '', isRestart: false }
    bytes = 0
  }
  const envelope = ended(client.connection.server, () => {
    if (wholeBytes > PARSED_BYTES) return splitter.end()
    const list = parseList(Buffer.concat(whole))
    part.items = list.items.map((item) => new RawItem(undefined, item))
    return list.envelope
  })
  yield { ...part, items: place.fresh(part.items), resourceVersion: envelope.resourceVersion }
  return envelope
}

/** The server reads the state to continue from the token, and refuses to be told another one beside it. */
function pageQuery(options: ListOptions, token: string | undefined): Query {
  const { resourceVersion, resourceVersionMatch, ...rest } = options.query ?? {}
  const limit = options.limit ?? LIMIT
  return token === undefined ? { ...rest, resourceVersion, resourceVersionMatch, limit } : { ...rest, limit, continue: token }
}

/** An answer that ends early without a cut connection is one that something in between shortened. */
function ended(server: string, end: () => ListEnvelope): ListEnvelope {
  try {
    return end()
  } catch (error) {
    throw fail('CLUSTER_UNREACHABLE', { server, reason: 'its list ends in the middle' }, error)
  }
}
