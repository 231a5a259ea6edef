import {
  CONTRACT,
  defineHostCollector,
  HOST_ERRORS,
  type HostContext,
  hostErrorFile,
  readBytes,
  unreadable,
  type WarningOutput,
} from '../../core/contract/index.ts'
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
    outputs: ['host-collectors/certificate', HOST_ERRORS],
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
    if (state !== 'key-pair-valid') yield hostErrorFile(context, 'Certificate Key Pair', problems[0]?.told.message ?? state)
  },
})

async function pemOf(context: HostContext<unknown>, path: string): Promise<string | { isMissing: boolean; told: WarningOutput }> {
  try {
    return new TextDecoder().decode(await readBytes(context, path, MAX_BYTES))
  } catch (error) {
    context.signal.throwIfAborted()
    return { isMissing: (error as { code?: unknown }).code === 'ENOENT', told: unreadable(path, error) }
  }
}
