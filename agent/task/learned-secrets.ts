import type { Kube, RawObject } from '../../core/contract/index.ts'
import { secretValues } from '../redaction/secret-data.ts'
import { isRecord } from '../specs/document.ts'

const SECRETS_PATH = /^\/api\/v1\/(?:namespaces\/[^/]+\/)?secrets(?:\/[^/]+)?$/

/**
 * The cluster as it was, but the values of Secrets that are read through it are told before anyone else has them: what they
 * hold is then masked in all files that come after.
 *
 * @param learn takes values that are to be masked from now on
 */
export function learningSecrets(kube: Kube, learn: (values: readonly string[]) => void): Kube {
  const learnFrom = (objects: readonly Pick<RawObject, 'json'>[]) => {
    const values = objects.flatMap(({ json }) => secretValues(json))
    if (values.length > 0) learn(values)
  }
  return {
    ...kube,
    async get(path, query) {
      const found = await kube.get(path, query)
      if (found && SECRETS_PATH.test(path)) learnFrom([found])
      return found
    },
    own(object) {
      if ((object as { kind?: unknown }).kind === 'Secret') learnFrom([{ json: object as Record<string, unknown> }])
      return kube.own(object)
    },
    async *raw(path, query) {
      if (!SECRETS_PATH.test(path)) return yield* kube.raw(path, query)
      const bytes = await bytesOf(kube.raw(path, query))
      learnFrom(objectsIn(bytes))
      yield bytes
    },
    async *list(target, query) {
      for await (const part of kube.list(target, query)) {
        if (target.plural === 'secrets' && (target.group ?? '') === '') learnFrom(part.items)
        yield part
      }
    },
  }
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** One object, or those of a list. What is no JSON has no Secrets in it: an answer that broke off is the collector's trouble. */
function objectsIn(bytes: Buffer): { json: Record<string, unknown> }[] {
  try {
    const json: unknown = JSON.parse(bytes.toString())
    if (!isRecord(json)) return []
    const { items } = json
    return (Array.isArray(items) ? (items as unknown[]).filter(isRecord) : [json]).map((one) => ({ json: one }))
  } catch {
    return []
  }
}
