import { createHash } from 'node:crypto'
import { CONTRACT, defineUploader, pluginError } from '../../core/contract/index.ts'
import { DiscardConfig } from './schema.ts'

export default defineUploader<DiscardConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Uploader',
    name: 'discard',
    version: '1.0.0',
    summary: 'reads the bundle and keeps nothing: to try things out, and to copy from',
    schemes: ['discard'],
    secretKeys: [],
  },
  configSchema: DiscardConfig,
  fromUrl: () => ({}),
  async upload(context, bundle) {
    context.signal.throwIfAborted()
    const hash = createHash('sha256')
    let size = 0
    for await (const chunk of bundle.open()) {
      context.signal.throwIfAborted()
      hash.update(chunk)
      size += chunk.length
    }
    const sha256 = hash.digest('hex')
    if (size !== bundle.size || sha256 !== bundle.sha256) {
      throw pluginError('UPLOAD_DAMAGED', `${bundle.fileName}: ${size} of ${bundle.size} bytes came, or others than announced`, {
        class: 'retryable',
        remedy: 'see whether the disk with the work folder is healthy',
      })
    }
    return { location: `discard:${bundle.fileName}`, size, checksum: { algorithm: 'sha256', value: sha256 }, verified: false }
  },
})
