import { fail, isFailure, PROGRAM } from '../../core/errors.ts'
import type { ClusterAccess, CliEdge } from '../cli-edge.ts'
import { type KubeArgs, kubeOverrides } from '../kube-flags.ts'

interface Asked {
  args: KubeArgs & { local?: boolean | undefined }
  edge: Pick<CliEdge, 'cluster'>
  list(flag: 'as-group'): string[]
}

/** The cluster of a verb that is of no use without one. Throws USAGE_ARGUMENTS with --local, CLUSTER_WANTED, KUBECONFIG_INVALID. */
export async function atCluster({ args, edge, list }: Asked, command: string): Promise<ClusterAccess> {
  const usage = `${PROGRAM} ${command} --help`
  if (args.local) throw fail('USAGE_ARGUMENTS', { command, reason: 'works on a cluster, and takes no --local', usage })
  try {
    return await edge.cluster(kubeOverrides(args, list('as-group')))
  } catch (error) {
    if (!isFailure(error, 'KUBECONFIG_MISSING')) throw error
    throw fail('CLUSTER_WANTED', { command, path: error.fields['path'] ?? '' }, error)
  }
}
