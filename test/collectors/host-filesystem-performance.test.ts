import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import hostFilesystemPerformance from '../../collectors/host-filesystem-performance/index.ts'
import { latenciesOf } from '../../collectors/host-filesystem-performance/latencies.ts'
import type { WriteTest } from '../../core/contract/index.ts'
import type { FakeMachine } from '../../core/testkit/index.ts'
import { run } from '../agent/analysis/run-analyzer.ts'
import { codes, collect, issues, texts } from './collect.ts'

const PATH = 'host-collectors/filesystemPerformance/filesystemPerformance.json'
const DISK = { totalBytes: 100 * 2 ** 30, usedBytes: 0 }
const machine = (syncTimes: NonNullable<FakeMachine['syncTimes']>[string], usage: typeof DISK | Error = DISK): FakeMachine => ({
  usage: { '/data': usage },
  syncTimes: { '/data': syncTimes },
})

describe('latencies', () => {
  it('are those of the ordered times', () => {
    const times = Array.from({ length: 1000 }, (_, index) => 1000 - index)
    const { percentile, ...rest } = latenciesOf(times)
    expect(rest).toEqual({ min: 1, max: 1000, mean: 500.5, stddev: expect.closeTo(288.675, 3), N: 1000 })
    expect(percentile).toEqual({
      '1.000000': 10,
      '5.000000': 50,
      '10.000000': 100,
      '20.000000': 200,
      '30.000000': 300,
      '40.000000': 400,
      '50.000000': 500,
      '60.000000': 600,
      '70.000000': 700,
      '80.000000': 800,
      '90.000000': 900,
      '95.000000': 950,
      '99.000000': 990,
      '99.500000': 995,
      '99.900000': 999,
      '99.950000': 1000,
      '99.990000': 1000,
    })
  })

  it('are of each size what the definition of a percentile says', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 300 }), (times) => {
        for (const [percent, value] of Object.entries(latenciesOf(times).percentile)) {
          const noLonger = times.filter((time) => time <= value).length
          const shorter = times.filter((time) => time < value).length
          expect((noLonger * 100) / times.length).toBeGreaterThanOrEqual(Number(percent) - 1e-9)
          expect((shorter * 100) / times.length).toBeLessThan(Number(percent))
        }
      }),
    )
  })
})

it('writes as fio does', async () => {
  const gathered = await collect(
    hostFilesystemPerformance,
    { directory: '/data', fileSize: '3k', runTime: '60' },
    machine([30, 10, 20]),
  )
  expect(codes(gathered)).toEqual([])
  expect(JSON.parse(texts(gathered)[PATH]!)).toEqual({
    jobs: [
      {
        jobname: 'fsperf',
        error: 0,
        'job options': {
          name: 'fsperf',
          bs: '1024',
          directory: '/data',
          rw: 'write',
          ioengine: 'sync',
          fdatasync: '1',
          size: '3000',
          runtime: '60',
        },
        sync: { total_ios: 3, lat_ns: expect.objectContaining({ min: 10, max: 30, mean: 20, N: 3 }) },
      },
    ],
  })
})

async function asked(entry: object): Promise<WriteTest | undefined> {
  let seen: WriteTest | undefined
  await collect(
    hostFilesystemPerformance,
    { directory: '/data', ...entry },
    machine((test) => ((seen = test), [1])),
  )
  return seen
}

it.each<[object, Partial<WriteTest>]>([
  [{}, { writeBytes: 1024, fileBytes: 10 * 2 ** 20, isFullSync: false, limitMs: 60_000 }],
  [
    { operationSize: 2300, fileSize: '22Mi' },
    { writeBytes: 2300, fileBytes: 22 * 2 ** 20 },
  ],
  [{ operationSizeBytes: 2300 }, { writeBytes: 2300 }],
  [{ operationSize: 1, operationSizeBytes: 2 }, { writeBytes: 1 }],
  [
    { operationSize: 0, fileSize: '' },
    { writeBytes: 1024, fileBytes: 10 * 2 ** 20 },
  ],
  [{ fileSize: 5000 }, { fileBytes: 5000 }],
  [{ fileSize: '0.5Gi' }, { fileBytes: 2 ** 29 }],
  [{ fileSize: '4Gi', operationSize: 2000 }, { fileBytes: 2 ** 30 }],
  [{ fileSize: '4Gi', operationSize: 10 }, { fileBytes: 10_000_000 }],
  [{ sync: true, datasync: true }, { isFullSync: true }],
  [{ datasync: false }, { isFullSync: false }],
  [{ runTime: '5' }, { limitMs: 5000 }],
  [{ runTime: 5 }, { limitMs: 5000 }],
  [{ runTime: '2m', timeout: '5m' }, { limitMs: 120_000 }],
  [{ timeout: '5m' }, { limitMs: 120_000 }],
  [{ runTime: '0', timeout: '5m' }, { limitMs: 300_000 }],
  [{ runTime: '', timeout: '' }, { limitMs: 60_000 }],
  [{ runTime: '-1', timeout: '90s' }, { limitMs: 90_000 }],
])('asks for what %j means', async (entry, want) => {
  expect(await asked(entry)).toMatchObject(want)
})

it.each<[object, string[]]>([
  [{ fileSize: '3072' }, []],
  [{ fileSize: '3073' }, ['WRITE_TEST_CUT']],
  // the end of the run time is no loss: it was asked for
  [{ fileSize: '1Mi', runTime: '5' }, []],
  [{ fileSize: '4Gi', runTime: '5' }, ['WRITE_TEST_CUT']],
  [
    { fileSize: '3072', enableBackgroundIOPS: true, backgroundWriteIOPS: 300, backgroundIOPSWarmupSeconds: 10 },
    ['WRITE_TEST_QUIET'],
  ],
])('warns of what was not done as asked: %j', async (entry, want) => {
  const gathered = await collect(hostFilesystemPerformance, { directory: '/data', ...entry }, machine([1, 2, 3]))
  expect([codes(gathered), gathered.files.length]).toEqual([want, 1])
})

const failure = (message: string, code: string) => Object.assign(new Error(message), { code })
it.each<[string, FakeMachine, string]>([
  ['there is no such folder', {}, 'there is no such folder'],
  ['it is gone by then', machine(failure('ENOENT: x', 'ENOENT')), 'there is no such folder'],
  ['it may not be written to', machine(failure('EACCES: permission denied', 'EACCES')), '/data: EACCES: permission denied'],
  ['the disk is full', machine(failure('ENOSPC: no space left on device', 'ENOSPC')), 'ENOSPC'],
  ['it would become full', machine([1], { totalBytes: 30 * 2 ** 20, usedBytes: 10 * 2 ** 20 + 1 }), 'twice that free'],
  ['nothing was measured', machine([]), 'before the first write'],
])('gives a warning and no file when %s', async (_, where, said) => {
  const gathered = await collect(hostFilesystemPerformance, { directory: '/data' }, where)
  expect([texts(gathered), codes(gathered)]).toEqual([{}, ['WRITE_TEST_FAILED']])
  expect(gathered.warnings[0]?.message).toContain(said)
})

it('writes nothing to a disk with too little room, and does with just enough', async () => {
  let isAsked = false
  const write = () => ((isAsked = true), [1])
  const disk = { totalBytes: 20 * 2 ** 20, usedBytes: 0 }
  await collect(hostFilesystemPerformance, { directory: '/data' }, machine(write, { ...disk, usedBytes: 1 }))
  expect(isAsked).toBe(false)
  await collect(hostFilesystemPerformance, { directory: '/data' }, machine(write, disk))
  expect(isAsked).toBe(true)
})

it.each<[object, string]>([
  [{}, 'directory'],
  [{ directory: 'data' }, 'directory: must be an absolute path'],
  [{ directory: '/d', fileSize: '10 MB' }, 'fileSize: must be a size, like "22Mi"'],
  [{ directory: '/d', fileSize: '0' }, 'fileSize: must be a size'],
  [{ directory: '/d', fileSize: -1 }, 'fileSize'],
  [{ directory: '/d', runTime: 'long' }, 'runTime: must be seconds'],
  [{ directory: '/d', timeout: '5' }, 'timeout: must be a duration'],
  [{ directory: '/d', operationSize: 2 ** 27 }, 'operationSize: must not be more than 64 MiB'],
  [{ directory: '/d', operationSize: -1 }, 'operationSize'],
])('refuses %j', async (entry, said) => {
  expect((await issues(hostFilesystemPerformance, entry)).join('\n')).toContain(said)
})

it('is understood by the analyzer', async () => {
  const ms = 1_000_000
  const times = [...Array.from({ length: 99 }, () => 2 * ms), 50 * ms]
  const files = texts(
    await collect(hostFilesystemPerformance, { directory: '/data', collectorName: 'etcd', runTime: 9 }, machine(times)),
  )
  const outcomes = [
    { fail: { when: 'p99 > 10ms', message: 'slow' } },
    { warn: { when: 'max >= 50ms', message: '{{ .P99 }} at most but for {{ .Max }}, {{ .Average }} on average' } },
    { pass: { message: 'fast' } },
  ]
  expect(run('hostAnalyzers', 'filesystemPerformance', { collectorName: 'etcd', outcomes }, files)).toMatchObject([
    { verdict: 'warn', message: '2ms at most but for 50ms, 2.48ms on average' },
  ])
})
