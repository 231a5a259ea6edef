import { CONTRACT, defineHostCollector, type TlsMaterial, type TlsSource, warning } from '../../core/contract/index.ts'
import { webResult } from '../../core/contract/web/web-result.ts'
import { HttpConfig } from './schema.ts'

export default defineHostCollector<HttpConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-http',
    version: '1.0.0',
    summary: 'what an http or https server answers to this machine',
    specKey: 'http',
    permissions: [],
    outputs: ['host-collectors/http'],
    platforms: ['linux', 'darwin', 'win32'],
  },
  configSchema: HttpConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { collectorName, get, post, put } = context.config
    if ((get ?? post ?? put)?.tls?.secret)
      yield warning('HTTP_TLS_SECRET', '"tls.secret" has no effect: a machine has no Secrets')
    yield* webResult(context, { get, post, put }, `host-collectors/http/${collectorName || 'result'}.json`, material)
  },
})

async function material(source: TlsSource | undefined): Promise<TlsMaterial | undefined> {
  if (!source) return undefined
  const text = (value: TlsSource['cacert']) => (typeof value === 'string' ? value : '')
  const { skipVerify, cacert, clientCert, clientKey } = source
  return { skipVerify, ca: text(cacert), cert: text(clientCert), key: text(clientKey) }
}
