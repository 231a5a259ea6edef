import {
  type CollectorContext,
  CONTRACT,
  defineCollector,
  indentedJson,
  missing,
  type RawObject,
  reasonLine,
} from '../../core/contract/index.ts'
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
  async *collect(context) {
    const { config, signal } = context
    signal.throwIfAborted()
    const book = new ImageBook()
    const problems: unknown[] = []
    let isSeen = false
    for await (const pod of podsOf(context, (problem) => problems.push(problem))) {
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

/** All pods that the entry means; what could not be listed is told, and the rest still comes. */
async function* podsOf(
  { config, kube, namespaces }: CollectorContext<ImagesConfig>,
  tell: (problem: unknown) => void,
): AsyncGenerator<RawObject> {
  const places = config.namespace ? [config.namespace] : namespaces.includes('*') ? [undefined] : namespaces
  for (const namespace of places) {
    try {
      yield* kube.pods(namespace === undefined ? {} : { namespace })
    } catch (error) {
      tell(error)
    }
  }
}
