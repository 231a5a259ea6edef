import { CONTRACT, defineCollector, readTls } from '../../core/contract/index.ts'
import { webResult } from '../../core/contract/web/web-result.ts'
import { HttpConfig } from './schema.ts'

export default defineCollector<HttpConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'http',
    version: '1.0.0',
    summary: 'what an http or https server answers',
    specKey: 'http',
    permissions: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'], why: 'certificates that "tls.secret" names' }],
    outputs: ['$name', '$name.json', 'result.json'],
  },
  configSchema: HttpConfig,
  collect(context) {
    const { name, collectorName, get, post, put } = context.config
    const path = [...name.split('/'), `${collectorName || 'result'}.json`].filter((part) => part !== '').join('/')
    return webResult(context, { get, post, put }, path, (source) => readTls(source, context))
  },
})
