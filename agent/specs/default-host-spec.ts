import type { MergedSpec } from './document.ts'
import { API_VERSION } from './kinds.ts'
import { mergeSpecs } from './merge.ts'
import { documentsFromObjects } from './parse.ts'

const UNSYNCHRONIZED = 'The clock is not synchronized: times in the logs may not fit those of other machines.'

type Item = Record<string, Record<string, unknown>>

export const HOST_SPEC = {
  apiVersion: API_VERSION,
  kind: 'SupportBundle',
  metadata: { name: 'default-host' },
  spec: {
    hostCollectors: [
      { cpu: {} },
      { memory: {} },
      { hostOS: {} },
      { diskUsage: { collectorName: 'root', path: '/' } },
      { time: {} },
      { ipv4Interfaces: {} },
      { hostServices: {} },
      { kernelModules: {} },
    ] as Item[],
    hostAnalyzers: [
      {
        cpu: {
          outcomes: [
            { warn: { when: 'count < 2', message: 'This computer has a single CPU.' } },
            { pass: { message: 'This computer has two CPUs or more.' } },
          ],
        },
      },
      {
        memory: {
          outcomes: [
            { warn: { when: '< 1Gi', message: 'This computer has less than 1 GiB of memory.' } },
            { pass: { message: 'This computer has 1 GiB of memory or more.' } },
          ],
        },
      },
      {
        diskUsage: {
          checkName: 'Disk Usage of /',
          collectorName: 'root',
          outcomes: [
            { fail: { when: 'used/total > 95%', message: 'The root file system is more than 95 % full.' } },
            { warn: { when: 'used/total > 80%', message: 'The root file system is more than 80 % full.' } },
            { pass: { message: 'The root file system has free space.' } },
          ],
        },
      },
      {
        time: {
          checkName: 'Clock Synchronization',
          outcomes: [
            { warn: { when: 'ntp == unsynchronized+inactive', message: UNSYNCHRONIZED } },
            { warn: { when: 'ntp == unsynchronized+active', message: UNSYNCHRONIZED } },
            { pass: { message: 'The clock is synchronized.' } },
          ],
        },
      },
    ] as Item[],
  },
}

/** What a run without a spec collects on one computer, without a cluster, and how it judges it. */
export function defaultHostSpec(): MergedSpec {
  return mergeSpecs(documentsFromObjects([HOST_SPEC], 'the default host spec').documents)
}
