import { describe, expect, it } from 'vitest'
import { fail } from '../../../core/errors.ts'
import { atCluster } from '../../../plugin/install/at-cluster.ts'
import { makeCli } from '../../support/cli.ts'

const VERBS: string[][] = [
  ['install'],
  ['install', 'namespace', 'a'],
  ['upgrade'],
  ['uninstall', '--yes'],
  ['uninstall', 'namespace', 'a'],
  ['doctor'],
  ['rbac', 'plan', 'a'],
]

describe('a verb that works on a cluster', () => {
  it.each(VERBS.map((verb) => [verb.join(' '), verb] as const))('%s: takes no --local', async (_, verb) => {
    const cli = await makeCli()
    const said = await cli.run(...verb, '--local')
    expect(said).toMatchObject({ code: 2, out: '' })
    expect(said.err).toContain('works on a cluster, and takes no --local')
  })

  it('without a kubeconfig is not told to be local', async () => {
    const missing = fail('KUBECONFIG_MISSING', { path: '/home/a/.kube/config', what: 'this command' })
    const asked = { args: {}, edge: { cluster: () => Promise.reject(missing) }, list: () => [] }
    const error = await atCluster(asked, 'doctor').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'CLUSTER_WANTED',
      message: expect.stringContaining('/home/a/.kube/config, and "doctor"'),
      remedy: 'set KUBECONFIG or --kubeconfig',
    })
    const other = fail('KUBECONFIG_INVALID', { path: 'x', reason: 'y' })
    await expect(atCluster({ ...asked, edge: { cluster: () => Promise.reject(other) } }, 'doctor')).rejects.toBe(other)
  })
})
