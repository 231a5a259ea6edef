import { fail } from '../core/errors.ts'
import type { KubeClient } from '../core/kube/client.ts'
import { handOver, tokenRenewal } from '../core/kube/handed-connection.ts'
import { getObject } from '../core/kube/objects.ts'
import { resourcePath } from '../core/kube/path.ts'
import type { Outside } from './outside.ts'

/** In a cluster: runs collect from it, by default from the job's own namespace, and credentials are Secrets of that namespace. */
export function clusterOutside(client: KubeClient, namespace: string): Outside {
  return {
    async cluster(spec) {
      const { namespaces } = spec.collect
      const handed = await handOver(client.connection)
      const request = { connection: handed, namespaces: namespaces.length > 0 ? namespaces : [namespace] }
      return { request, renewToken: tokenRenewal(client.connection, handed) }
    },
    async secret(name) {
      const path = resourcePath({ version: 'v1', namespace, plural: 'secrets', name })
      const found = (await getObject(client, path))?.json as { data?: Record<string, string> } | undefined
      if (!found)
        throw fail('UPLOAD_FAILED', {
          name,
          reason: `there is no Secret "${name}"`,
          remedy: `make it: kubectl create secret generic ${name} -n ${namespace}`,
        })
      return Object.fromEntries(
        Object.entries(found.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
      )
    },
  }
}
