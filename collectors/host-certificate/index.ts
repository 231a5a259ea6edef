import { CONTRACT, defineHostCollector, type HostContext, warning, type WarningOutput } from '../../core/contract/index.ts'
import { keyPairState } from './key-pair.ts'
import { CertificateConfig } from './schema.ts'

/** Far more than a chain and its key have, in bytes. */
const MAX_BYTES = 4 * 1024 * 1024

export default defineHostCollector<CertificateConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-certificate',
    version: '1.0.0',
    summary: 'whether a certificate and a private key belong together',
    specKey: 'certificate',
    permissions: [],
    outputs: ['host-collectors/certificate'],
    platforms: ['linux', 'darwin'],
  },
  configSchema: CertificateConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { collectorName, certificatePath, keyPath } = context.config
    const certificate = await pemOf(context, certificatePath)
    const key = await pemOf(context, keyPath)
    const problems = [certificate, key].filter((found) => typeof found !== 'string')
    yield* problems.map(({ told }) => told)
    const state =
      typeof certificate === 'string' && typeof key === 'string'
        ? keyPairState(certificate, key)
        : problems.some(({ isMissing }) => isMissing)
          ? 'key-pair-missing'
          : 'key-pair-invalid'
    // One word and no JSON, as analyzers expect it.
    yield {
      type: 'file',
      path: `host-collectors/certificate/${collectorName || 'certificate'}.json`,
      format: 'text',
      body: state,
    }
  },
})

async function pemOf(
  { host, signal }: HostContext<unknown>,
  path: string,
): Promise<string | { isMissing: boolean; told: WarningOutput }> {
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const part of host.read(path)()) {
      size += part.length
      if (size > MAX_BYTES) throw new Error('it is too large')
      parts.push(part)
    }
    signal.throwIfAborted()
    return Buffer.concat(parts).toString()
  } catch (error) {
    signal.throwIfAborted()
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const reason = error instanceof Error ? error.message : String(error)
    return { isMissing, told: warning('HOST_FILE_UNREADABLE', `${path} cannot be read: ${reason}`) }
  }
}
