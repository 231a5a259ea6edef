import { fail, isFailure } from '../core/errors.ts'
import type { KubeClient } from '../core/kube/client.ts'
import type { Connection } from '../core/kube/connection.ts'
import { handOver, tokenRenewal } from '../core/kube/handed-connection.ts'
import { loadKubeconfig, type KubeWorld } from '../core/kube/kubeconfig.ts'
import type { Outside } from './outside.ts'
import { readSpecSource } from './spec-source.ts'

/**
 * On one computer: specs may collect from the cluster of the user's kubeconfig, if there is one. A job with neither
 * specs nor a profile looks at this machine alone. There are no Secrets here: uploaders use what the user's environment has.
 */
export function localOutside(
  world: KubeWorld,
  connect: (connection: Connection) => KubeClient,
  tokenKey: () => Promise<string | undefined> = async () => undefined,
): Outside {
  return {
    async cluster(spec) {
      if (spec.collect.specs.length === 0 && spec.collect.auto === undefined) return undefined
      try {
        const connection = await loadKubeconfig(world, {}, 'collecting from a cluster')
        const { namespaces } = spec.collect
        const handed = await handOver(connection)
        const request = { connection: handed, podTokens: true, namespaces: namespaces.length > 0 ? namespaces : ['*'] }
        return { request, renewToken: tokenRenewal(connection, handed) }
      } catch (error) {
        // Host collectors need none; what needs one says so in the bundle.
        if (isFailure(error, 'KUBECONFIG_MISSING')) return undefined
        throw error
      }
    },
    tokenKey,
    mayUseHost: true,
    network: () => undefined,
    async specSource(ref) {
      const connection = await loadKubeconfig(world, {}, `a spec in a ${ref.kind}`)
      return readSpecSource(connect(connection), connection.namespace, ref)
    },
    specUrls: () => ['https://'],
    refusesUploader: () => undefined,
    secret: async (name) => {
      throw fail('NOT_SUPPORTED', {
        what: `the Secret "${name}" outside of a cluster`,
        remedy: "leave out credentials: the uploader uses this user's own",
      })
    },
  }
}
