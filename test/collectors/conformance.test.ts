import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CollectorPlugin, HostCollectorPlugin } from '../../core/contract/index.ts'
import { checkCollector, failed, fakeHost, fakeHttp, fakeKube, fakeNetwork } from '../../core/testkit/index.ts'
import { payments } from './clusters.ts'
import { networkMachines, networkSamples, servers, surroundings } from './far-sides.ts'
import { server } from './machines.ts'
import { podClusters, podSamples } from './pods.ts'

/** Entries to check a collector with; those that need no field are checked with an empty one. */
const SAMPLES: Record<string, object[]> = {
  certificates: [{ secrets: [{ name: 'db', namespaces: ['payments', 'gone'] }], configMaps: [{ name: 'settings' }] }],
  'custom-metrics': [{ metricRequests: [{ namespace: 'payments', resourceMetricName: 'pods/requests' }] }],
  helm: [{}, { releaseName: 'web', namespace: 'payments', collectValues: true }],
  'node-metrics': [{}, { nodeNames: ['node-1', 'gone'], selector: ['role=worker'] }],
  data: [
    { name: 'static', collectorName: 'note.txt', data: 'hello' },
    { collectorName: 'note.json', data: '{"a":1}' },
    { name: '/static/data', data: 'hello' },
  ],
  'host-copy': [{ path: '/var/log/app' }, { path: '/etc/app/*/app.conf' }, { path: '/var/log/app/*.log', collectorName: 'logs' }],
  'host-disk-usage': [{ path: '/var' }, { path: '/var/lib/not/there', collectorName: 'data' }],
  'config-map': [
    { name: 'settings', namespace: 'payments', key: 'mode' },
    { selector: ['app=web'], includeAllData: true },
  ],
  images: [{}, { namespace: 'payments' }],
  logs: [
    { name: 'app', selector: ['app=web'] },
    { name: 'all', limits: { maxAge: '72h' } },
  ],
  secret: [
    { name: 'db', namespace: 'payments', key: 'password' },
    { selector: ['app=web'], includeAllData: true },
  ],
  'host-certificate': [{ certificatePath: '/etc/app/tls.crt', keyPath: '/etc/app/tls.key' }],
  'host-certificates-collection': [{ paths: ['/etc/app/tls.crt', '/etc/hostname'] }, { paths: ['/not/there'] }],
  'host-cgroups': [{}, { mountPoint: '/cgroup' }],
  'host-filesystem-performance': [
    { directory: '/var', fileSize: '150', operationSize: 50 },
    { directory: '/var', fileSize: '100', enableBackgroundIOPS: true },
  ],
  'host-journald': [{}, { collectorName: 'kubelet', units: ['kubelet'], lines: 10 }],
  'host-system-packages': [{ ubuntu: ['open-iscsi'], rhel8: ['none'] }, {}],
  clickhouse: [
    { uri: 'clickhouse://app@127.0.0.1:1/app' },
    { uri: { valueFrom: { secretKeyRef: { name: 'db', namespace: 'payments', key: 'password' } } }, collectorName: 'main' },
  ],
  mssql: [
    { uri: 'sqlserver://app@127.0.0.1:1' },
    { uri: { valueFrom: { secretKeyRef: { name: 'db', namespace: 'payments', key: 'password' } } }, collectorName: 'main' },
  ],
  mysql: [
    { uri: 'app@tcp(127.0.0.1:1)/app' },
    { uri: { valueFrom: { secretKeyRef: { name: 'db', namespace: 'payments', key: 'password' } } }, collectorName: 'main' },
  ],
  postgres: [
    { uri: 'postgres://app@127.0.0.1:1/app' },
    { uri: { valueFrom: { secretKeyRef: { name: 'db', namespace: 'payments', key: 'password' } } }, collectorName: 'main' },
  ],
  redis: [
    { uri: 'redis://127.0.0.1:1' },
    { uri: { valueFrom: { secretKeyRef: { name: 'db', namespace: 'payments', key: 'password' } } }, collectorName: 'main' },
  ],
  'host-run': [{ command: 'uptime' }, { command: 'df', args: ['-k'], timeout: '5s', collectorName: 'disks' }],
  ...podSamples,
  ...networkSamples,
}

const folder = join(import.meta.dirname, '../../collectors')
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

describe.each(names)('collector %s', (name) => {
  it('has a schema and a README', () => {
    expect(['index.ts', 'schema.ts', 'README.md'].filter((file) => !existsSync(join(folder, name, file)))).toEqual([])
  })

  it('keeps the contract', async () => {
    const module = (await import(`../../collectors/${name}/index.ts`)) as { default: CollectorPlugin | HostCollectorPlugin }
    const configs = SAMPLES[name] ?? [{}]
    const { manifest } = module.default
    const needsCluster = manifest.kind === 'Collector' && manifest.permissions.length > 0
    const world = needsCluster
      ? { kube: fakeKube(podClusters[name] ?? payments) }
      : { host: fakeHost(networkMachines[name] ?? server) }
    expect(
      failed(
        await checkCollector(module.default, {
          folder: name,
          configs,
          http: fakeHttp(servers),
          network: fakeNetwork(surroundings),
          ...world,
        }),
      ),
    ).toEqual([])
  })
})

it('has one collector for each key and kind', async () => {
  const keys = await Promise.all(
    names.map(async (name) => {
      const module = (await import(`../../collectors/${name}/index.ts`)) as { default: CollectorPlugin | HostCollectorPlugin }
      return `${module.default.manifest.kind} ${module.default.manifest.specKey}`
    }),
  )
  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([])
})
