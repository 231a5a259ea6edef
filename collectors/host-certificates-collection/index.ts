import { CONTRACT, defineHostCollector, type ParsedCertificate, parseChain, readText } from '../../core/contract/index.ts'
import { CertificatesCollectionConfig } from './schema.ts'

/** More than the certificates of all authorities have together, in bytes. */
const MAX_BYTES = 4 * 1024 * 1024

interface Found {
  certificatePath: string
  certificateChain?: ParsedCertificate[]
  message: 'cert-missing' | 'cert-invalid' | 'cert-valid'
}

export default defineHostCollector<CertificatesCollectionConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-certificates-collection',
    version: '1.0.0',
    summary: 'certificates of files: names, dates, validity',
    specKey: 'certificatesCollection',
    permissions: [],
    outputs: ['host-collectors/certificatesCollection'],
    platforms: ['linux', 'darwin'],
  },
  configSchema: CertificatesCollectionConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { collectorName, paths } = context.config
    const all: Found[] = []
    for (const path of paths) {
      const pem = await readText(context, path, MAX_BYTES)
      if (typeof pem !== 'string') yield pem
      // As the peer: one that cannot be parsed is the end of its file. The path stands beside the chain, not in it.
      const { chain, errors } = typeof pem === 'string' ? parseChain('', pem, context.clock.now()) : { chain: [], errors: [''] }
      if (errors.length === 0) all.push({ certificatePath: path, certificateChain: chain, message: 'cert-valid' })
      else all.push({ certificatePath: path, message: typeof pem === 'string' ? 'cert-invalid' : 'cert-missing' })
    }
    yield {
      type: 'file',
      path: `host-collectors/certificatesCollection/${collectorName || 'certificatesCollection'}.json`,
      format: 'json',
      body: JSON.stringify(all, undefined, '\t'),
    }
  },
})
