import {
  type CollectorContext,
  CONTRACT,
  defineCollector,
  type FileOutput,
  missing,
  ownNamespace,
  type ParsedCertificate,
  parseChain,
  pluginError,
  reasonLine,
} from '../../core/contract/index.ts'
import { CertificatesConfig } from './schema.ts'

/** The certificates of one Secret or ConfigMap. */
interface Collected {
  source: { secret?: string; configMap?: string; namespace: string }
  errors?: string[]
  certificateChain?: ParsedCertificate[]
}

/** A kind of object that holds certificates by keys. */
interface Holder {
  plural: 'secrets' | 'configmaps'
  member: 'secret' | 'configMap'
  decode(value: string): string
}

const SECRETS: Holder = {
  plural: 'secrets',
  member: 'secret',
  decode: (value) => Buffer.from(value, 'base64').toString('latin1'),
}
const CONFIG_MAPS: Holder = { plural: 'configmaps', member: 'configMap', decode: (value) => value }

export default defineCollector<CertificatesConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'certificates',
    version: '1.0.0',
    summary: 'certificates in Secrets and ConfigMaps: names, dates, validity',
    specKey: 'certificates',
    permissions: [{ apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['get'] }],
    outputs: ['certificates'],
  },
  configSchema: CertificatesConfig,
  async *collect(context) {
    const { config, signal } = context
    signal.throwIfAborted()
    const all: Collected[] = []
    const problems: [place: string, error: unknown][] = []
    const wanted = [[SECRETS, config.secrets] as const, [CONFIG_MAPS, config.configMaps] as const]
    for (const [holder, sources] of wanted)
      for (const { name, namespaces } of sources)
        for (const namespace of namespaces.length > 0 ? namespaces : [ownNamespace(context)])
          all.push(await collected(context, holder, name, namespace, (error) => problems.push([`${namespace}/${name}`, error])))
    yield listFile(all)
    for (const [place, error] of problems)
      yield missing('CERTIFICATES_MISSING', `no certificates of ${place}: ${reasonLine(error)}`, [error])
  },
})

/** What one object holds, or why it is not known. */
async function collected(
  { kube, signal, clock }: CollectorContext<unknown>,
  { plural, member, decode }: Holder,
  name: string,
  namespace: string,
  tell: (error: unknown) => void,
): Promise<Collected> {
  const source = { [member]: name, namespace }
  try {
    const found = await kube.get(['', 'api', 'v1', 'namespaces', namespace, plural, name].map(encodeURIComponent).join('/'))
    if (!found) throw pluginError('API_NOT_FOUND', `${plural} "${name}" not found`, { class: 'config' })
    const data = (found.json['data'] ?? {}) as Record<string, string>
    const parsed = Object.entries(data).map(([key, value]) => parseChain(key, decode(value), clock.now()))
    const errors = parsed.flatMap((one) => one.errors)
    const certificateChain = parsed.flatMap(({ chain }) => chain)
    return {
      source,
      ...(errors.length > 0 ? { errors } : {}),
      ...(certificateChain.length > 0 ? { certificateChain } : {}),
    }
  } catch (error) {
    signal.throwIfAborted()
    tell(error)
    return { source, errors: [reasonLine(error)] }
  }
}

const listFile = (all: readonly Collected[]): FileOutput => ({
  type: 'file',
  path: 'certificates/certificates.json',
  format: 'json',
  body: JSON.stringify(all, undefined, '\t'),
})
