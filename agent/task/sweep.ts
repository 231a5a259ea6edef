import type { SweepRequest, SweepResult } from '../../core/task.ts'
import { openCluster } from './kube/run-cluster.ts'
import { leftBy } from './kube/sweep.ts'
import type { RunEdge } from './run.ts'

/** Removes what one run created and did not clear up. Throws KubeStatusError, CLUSTER_UNREACHABLE. */
export async function sweepTask({ run, cluster }: SweepRequest, edge: RunEdge): Promise<SweepResult> {
  const opened = openCluster(cluster, { ...edge, run, expiresAt: edge.clock.now(), wishesOf: () => [] })
  try {
    return { removed: run.uid === undefined ? 0 : await opened.sweep(leftBy(run.uid)) }
  } finally {
    opened.close()
  }
}
