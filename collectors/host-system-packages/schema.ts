import * as z from 'zod'

/** Names of packages. One that begins with a dash would be an option of the tool, and some of rpm's run programs. */
const Packages = z.array(z.string().regex(/^[^-\s]\S*$/, 'must be the name of a package')).default([])

export const SystemPackagesConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  ubuntu: Packages,
  ubuntu16: Packages,
  ubuntu18: Packages,
  ubuntu20: Packages,
  rhel: Packages,
  rhel7: Packages,
  rhel8: Packages,
  rhel9: Packages,
  rocky: Packages,
  rocky8: Packages,
  rocky9: Packages,
  centos: Packages,
  centos7: Packages,
  centos8: Packages,
  centos9: Packages,
  ol: Packages,
  ol7: Packages,
  ol8: Packages,
  ol9: Packages,
  amzn: Packages,
  amzn2: Packages,
})
export type SystemPackagesConfig = z.infer<typeof SystemPackagesConfig>
