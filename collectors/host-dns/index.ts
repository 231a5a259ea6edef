import {
  CONTRACT,
  defineHostCollector,
  HOST_ERRORS,
  type HostContext,
  hostFailure,
  indentedJson,
  networkStatus,
  readText,
  warning,
} from '../../core/contract/index.ts'
import { encodeQuestion, firstAnswer, type RecordType, TYPES } from './message.ts'
import { namesOf, parseResolvConf } from './resolv-conf.ts'
import { DnsConfig } from './schema.ts'

const RESOLV_CONF = '/etc/resolv.conf'

export default defineHostCollector<DnsConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-dns',
    version: '1.0.0',
    summary: 'what the name servers of this machine say to names, with each search domain',
    specKey: 'dns',
    permissions: [],
    outputs: ['host-collectors/dns', HOST_ERRORS],
    platforms: ['linux', 'darwin'],
  },
  configSchema: DnsConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { hostnames, collectorName } = context.config
    const folder = `host-collectors/dns/${(collectorName || 'dns').replaceAll(' ', '_')}`
    const conf = await readText(context, RESOLV_CONF)
    if (typeof conf !== 'string') return yield* hostFailure(context, 'dns', conf)
    const resolver = parseResolvConf(conf)
    const query: Record<string, Entry[]> = {}
    const searches: string[] = []
    const silence: Silence = new Map()
    for (const name of hostnames) {
      const entries: Entry[] = []
      for (const full of namesOf(name, resolver))
        for (const server of resolver.servers) entries.push(await ask(context, server, name, full, silence))
      query[name] = entries
      searches.push(...entries.flatMap(({ search }) => (search === '' ? [] : [search])))
    }
    yield indentedJson(`${folder}/result.json`, { query, resolvedFromSearch: [...new Set(searches)].join(', ') })
    yield { type: 'file', path: `${folder}/resolv.conf`, format: 'text', body: conf }
    const unknown = Object.keys(query).filter((name) => query[name]?.every(({ answer }) => answer === ''))
    if (unknown.length > 0) yield warning('DNS_UNRESOLVED', `no name server knows ${unknown.join(', ')}`)
    const silent = [...silence].filter(([, times]) => times >= MAX_SILENCE).map(([address]) => address)
    if (silent.length > 0)
      yield warning('DNS_SERVER_SILENT', `${silent.join(', ')} did not answer, and was not asked for all names`)
  },
})

/** What one server says to one full name. */
interface Entry {
  server: string
  search: string
  name: string
  answer: string
  record: string
}

/** The peer's. */
const TIMEOUT_MS = 2_000
/** So many times in a row without an answer, and a server is not asked any more: some names on some servers take minutes else. */
const MAX_SILENCE = 3
/** How many questions servers left without an answer, since the last that they gave. */
type Silence = Map<string, number>

/** Asks for each type of record until one is there. What cannot be had is empty: which server fails stands in the entries. */
async function ask(
  { network, signal }: HostContext<DnsConfig>,
  server: { host: string; port: number },
  name: string,
  full: string,
  silence: Silence,
): Promise<Entry> {
  const host = server.host.includes(':') ? `[${server.host}]` : server.host
  const entry: Entry = { server: `${host}:${server.port}`, search: '', name: full, answer: '', record: '' }
  // The socket takes answers of that server alone, so that the number of a question need not be a secret.
  for (const type of Object.keys(TYPES) as RecordType[]) {
    const id = TYPES[type]
    const times = silence.get(entry.server) ?? 0
    if (times >= MAX_SILENCE) break
    try {
      const answer = await network.ask(server, encodeQuestion(id, full, type), TIMEOUT_MS)
      signal.throwIfAborted()
      silence.delete(entry.server)
      const found = firstAnswer(answer, id, type)
      if (found) return { ...entry, search: searchOf(full, name), answer: found.line, record: found.record }
    } catch (error) {
      signal.throwIfAborted()
      if (networkStatus(error) === 'connection-timeout') silence.set(entry.server, times + 1)
    }
  }
  return entry
}

/** `foo.test.com.` was asked for `foo`: `test.com`. */
const searchOf = (full: string, name: string) => full.slice(name.length + 1).replace(/\.$/, '')
