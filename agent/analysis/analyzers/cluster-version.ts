import * as z from 'zod'
import { jsonFileAnalyzer } from '../json-file.ts'
import { parseVersion } from '../semver.ts'
import { parseRange } from '../semver-range.ts'

/** `when`: a range of versions of the API server. */
export const clusterVersion = jsonFileAnalyzer({
  title: () => 'Required Kubernetes Version',
  icon: {
    iconKey: 'kubernetes_cluster_version',
    iconUri: 'https://troubleshoot.sh/images/analyzer-icons/kubernetes.svg?w=16&h=16',
  },
  path: () => 'cluster-info/cluster_version.json',
  content: z.object({ string: z.string() }),
  isMissingFailure: true,
  holds: (when, { string }) => parseRange(when)(parseVersion(releaseOf(string).replace(/^v+/, ''))),
})

/** EKS names its releases like pre-releases: v1.28.3-eks-4f4795d. */
const releaseOf = (version: string): string => (version.includes('-eks-') ? (version.split('-')[0] ?? '') : version)
