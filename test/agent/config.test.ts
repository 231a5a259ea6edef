import { describe, expect, it } from 'vitest'
import { AgentConfig, IMAGE, readConfig } from '../../agent/config.ts'
import { build, find, podOf } from '../manifests/kustomize.ts'

const issuesOf = (text: string) => {
  try {
    readConfig(text, 'scheduler.yaml')
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('it was taken')
}

describe('the config', () => {
  it.each([
    ['an empty file', ''],
    ['a file of comments', '# nothing\n'],
    ['an empty map', '{}'],
  ])('of %s is all defaults', (_, text) => {
    expect(readConfig(text, 'scheduler.yaml')).toEqual({
      namespaces: [],
      clusterRanges: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
      networks: [],
      uploaders: [],
      specUrls: [],
      podTokens: [],
      hosts: [],
      hostImage: IMAGE,
      defaultMaxConcurrent: 2,
      checkInterval: '30s',
      maxMemoryMB: 2048,
      maxBundleSize: '16Gi',
      maxDiskSpaceMB: 10_240,
      leaseDuration: '30s',
      deliverWithin: '7d',
      metricsEnabled: true,
      apiEnabled: true,
      port: 8080,
      metricsPort: 9090,
      logLevel: 'info',
      logFile: 'logs/daemon.log',
      logRotateSize: '10Mi',
      logRotateAge: '7d',
      storageConfig: { backupEnabled: true },
    })
  })

  const VALUES: Record<string, { good: unknown[]; bad: unknown[] }> = {
    namespaces: { good: [[], ['payments', 'a-1']], bad: [['Payments'], ['-a'], 'payments', [5]] },
    clusterRanges: {
      good: [[], ['10.0.0.0/8', 'fd00::/8', '192.0.2.1']],
      bad: [['10.0.0.0/33'], ['example.com'], '10.0.0.0/8', [5]],
    },
    networks: {
      good: [[], [{ namespaces: ['a'], allow: ['10.1.0.0/16'] }]],
      bad: [[{ namespaces: ['a'] }], [{ allow: ['any'] }], [{ allow: [], hosts: [] }], {}],
    },
    uploaders: { good: [[], ['s3']], bad: ['s3', [5]] },
    specUrls: { good: [[], ['https://example.com/specs/']], bad: ['https://example.com', ['file:///etc'], ['x'], [5]] },
    podTokens: { good: [[], ['payments']], bad: ['payments', [5]] },
    hosts: { good: [[], ['platform']], bad: ['platform', [5]] },
    hostImage: { good: ['registry.example.com/image:1'], bad: ['', 5] },
    defaultMaxConcurrent: { good: [1, 64], bad: [0, 65, 1.5, '2', null] },
    checkInterval: { good: ['1s', '10m', '1h30m'], bad: ['0s', '999ms', '30', 30, 'soon', '11w521w'] },
    maxMemoryMB: { good: [64, 100_000], bad: [63, '2Gi'] },
    maxBundleSize: { good: ['1', '4Gi', '500M'], bad: ['0', '0Gi', '-1', '9000Ti', 'large', 5] },
    maxDiskSpaceMB: { good: [1, 100_000], bad: [0, 1.5, '1Gi'] },
    leaseDuration: { good: ['1s', '30s'], bad: ['500ms', 30] },
    deliverWithin: { good: ['0s', '7d', '10w'], bad: ['7 days', 7, '999999999w'] },
    metricsEnabled: { good: [true, false], bad: ['yes', 0] },
    apiEnabled: { good: [true, false], bad: ['yes', 0] },
    port: { good: [0, 65_535], bad: [-1, 65_536, '8080'] },
    metricsPort: { good: [0, 65_535], bad: [-1, 65_536, '9090'] },
    logLevel: { good: ['debug', 'info', 'warn', 'error'], bad: ['trace', 'INFO', 1] },
    logFile: { good: ['/var/log/x.log', 'x.log'], bad: ['', 5] },
    logRotateSize: { good: ['1Ki', '100'], bad: ['0', '1 Mi'] },
    logRotateAge: { good: ['1s', '30d'], bad: ['30', 'never'] },
    storageConfig: { good: [{}, { backupEnabled: false }], bad: [{ backupEnabled: 'no' }, { baseDir: '/x' }, true] },
  }

  it('has a case here for each key', () => {
    expect(Object.keys(VALUES)).toEqual(Object.keys(AgentConfig.shape))
  })

  const cases = Object.entries(VALUES).flatMap(([key, { good, bad }]) => [
    ...good.map((value) => ({ key, value, isGood: true })),
    ...bad.map((value) => ({ key, value, isGood: false })),
  ])
  it.each(cases)('$key: $value is taken: $isGood', ({ key, value, isGood }) => {
    const text = JSON.stringify({ [key]: value })
    if (isGood) expect(readConfig(text, 'scheduler.yaml')).toMatchObject({ [key]: value })
    else expect(issuesOf(text)).toMatch(new RegExp(`^scheduler.yaml: ${key}`))
  })

  it.each([
    ['every place that is wrong', 'metricsPort: -1\nlogLevel: loud', /metricsPort: .*; logLevel: /],
    ['the nearest key', 'metricPort: 1', /metricPort: is not a known key; did you mean "metricsPort"\?/],
    [
      'the nearest inner key',
      'storageConfig: {backupEnable: true}',
      /storageConfig.backupEnable: is not a known key; did you mean "backupEnabled"\?/,
    ],
    ['the line that is no YAML', 'logLevel: info\nmetricsPort: "1', /line 2: /],
    ['what is no map', '- a', /^scheduler.yaml: Invalid input: expected object, received array$/],
    ['a key that is there twice', 'logLevel: info\nlogLevel: warn', /line 2: Map keys must be unique/],
  ])('that is wrong tells %s', (_, text, why) => {
    expect(issuesOf(text)).toMatch(why)
  })
})

it('the image of pods on nodes is the one that the manifests name', async () => {
  const { containers } = podOf(find(await build('.'), 'Deployment', 'support-bundle-schedule-agent')).spec
  expect(containers.map(({ image }) => image)).toEqual([IMAGE, IMAGE])
})
