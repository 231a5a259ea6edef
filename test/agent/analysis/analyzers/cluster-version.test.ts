import { describe, expect, it } from 'vitest'
import { condition, lines, run } from '../run-analyzer.ts'

const version = (string: string) => ({ 'cluster-info/cluster_version.json': { info: { major: '1' }, string } })

describe('clusterVersion', () => {
  it.each([
    ['v1.28.3', '>= 1.28.0 < 1.29.0', 'held'],
    ['v1.28.3+k3s1', '1.28.3', 'held'],
    ['v1.27.4-gke.900', '>= 1.27.4', 'not'],
    ['v1.27.4-eks-4f4795d', '>= 1.27.4', 'held'],
    ['v1.28.3', '1.28.x', 'held'],
    ['v1.28.3', '>= 1.28', 'error'],
    ['unknown', '>= 1.28.0', 'error'],
  ])('%s, %s: %s', (server, when, want) => expect(condition('analyzers', 'clusterVersion', when, version(server))).toBe(want))

  it('has the title and icon of the peer', () => {
    expect(
      run(
        'analyzers',
        'clusterVersion',
        { outcomes: [{ fail: { when: '< 1.2.0' } }, { warn: { message: 'w', uri: 'u' } }] },
        version('v1.28.3'),
      ),
    ).toEqual([
      {
        verdict: 'warn',
        title: 'Required Kubernetes Version',
        message: 'w',
        uri: 'u',
        iconKey: 'kubernetes_cluster_version',
        iconUri: 'https://troubleshoot.sh/images/analyzer-icons/kubernetes.svg?w=16&h=16',
        isStrict: false,
      },
    ])
  })

  it('fails, visibly, where the peer loses the result', () => {
    expect(lines(run('analyzers', 'clusterVersion', { checkName: 'c', outcomes: [{ pass: {} }] }, {}))).toEqual([
      'c | fail | Analyzer Failed: cluster-info/cluster_version.json was not collected',
    ])
    expect(lines(run('analyzers', 'clusterVersion', { outcomes: [{ fail: { when: '< 1.2.0' } }] }, version('v1.28.3')))).toEqual([
      'Required Kubernetes Version | none | No outcome matched',
    ])
  })
})
