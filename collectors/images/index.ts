import { CONTRACT, defineCollector, indentedJson, missing, reasonLine } from '../../core/contract/index.ts'
import { selectedPods } from '../../core/contract/pods/selected-pods.ts'
import { ImageBook } from './facts.ts'
import { imagesOf } from './pod-images.ts'
import { ImagesConfig } from './schema.ts'

export default defineCollector<ImagesConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'images',
    version: '1.0.0',
    summary: 'which images run, by registry, tag and digest, and where',
    specKey: 'images',
    permissions: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
    outputs: ['images'],
  },
  configSchema: ImagesConfig,
  async *collect({ config, kube, namespaces, signal }) {
    signal.throwIfAborted()
    const book = new ImageBook()
    const problems: unknown[] = []
    let isSeen = false
    const choice = { selector: [], namespace: config.namespace }
    for await (const pod of selectedPods({ config: choice, kube, namespaces }, (problem) => problems.push(problem))) {
      isSeen = true
      for (const image of imagesOf(pod)) book.add(image)
    }
    signal.throwIfAborted()
    const folder = config.namespace === '' ? 'images' : `images/${config.namespace}`
    if (isSeen || problems.length === 0) yield indentedJson(`${folder}/images.json`, book.facts())
    if (problems.length === 0) return
    yield indentedJson(`${folder}/errors.json`, problems.map(reasonLine))
    yield missing('IMAGES_MISSING', `pods could not be listed: ${reasonLine(problems[0])}`, problems)
  },
})
