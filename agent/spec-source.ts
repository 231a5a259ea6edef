import { asProblem, fail, PROGRAM } from '../core/errors.ts'
import type { KubeClient } from '../core/kube/client.ts'
import { getObject } from '../core/kube/objects.ts'
import { resourcePath } from '../core/kube/path.ts'
import { isStatus } from '../core/kube/status-error.ts'
import type { SpecRef } from './outside.ts'

const PLURALS = { ConfigMap: 'configmaps', Secret: 'secrets' } as const

/** The text under a key of a Secret or ConfigMap, decoded. Throws SPEC_SOURCE with the reason and what to do. */
export async function readSpecSource(client: KubeClient, namespace: string, { kind, name, key }: SpecRef): Promise<string> {
  const resource = PLURALS[kind]
  const source = `in ${kind} ${namespace}/${name}, key "${key}",`
  const failed = (reason: string, remedy: string, cause?: unknown) => fail('SPEC_SOURCE', { source, reason, remedy }, cause)
  const path = resourcePath({ version: 'v1', namespace, plural: resource, name })
  const item = await getObject(client, path).catch((error: unknown) => {
    if (!isStatus(error, 403)) throw failed(asProblem(error).message, 'the next run tries again', error)
    const remedy = `let ${client.connection.user} get ${resource} "${name}": ${PROGRAM} install namespace ${namespace}, or a Role of yours`
    throw failed('it may not be read', remedy, error)
  })
  if (!item) throw failed(`there is no ${kind} of this name`, `make it, or correct "collect.specs" of the job`)
  const { data = {} } = item.json as { data?: Record<string, string> }
  const value = Object.hasOwn(data, key) ? data[key] : undefined
  if (value === undefined) {
    const keys = Object.keys(data)
    throw failed('there is no such key', keys.length > 0 ? `use one of its keys: ${keys.join(', ')}` : 'it has no keys at all')
  }
  return kind === 'Secret' ? Buffer.from(value, 'base64').toString() : value
}
