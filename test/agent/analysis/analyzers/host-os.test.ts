import { describe, expect, it } from 'vitest'
import { condition } from '../run-analyzer.ts'

const os = {
  name: 'box',
  kernelVersion: '5.4.0-1034-gcp',
  platformVersion: '20.04',
  platform: 'ubuntu',
  platformFamily: 'debian',
}
const files = { 'host-collectors/system/hostos_info.json': os }

describe('hostOS', () => {
  // Each verdict is the peer's, but for the last two, which the peer's parser takes for "==".
  it.each([
    ['ubuntu == 20.04', 'held'],
    ['ubuntu = 20.04.0', 'held'],
    ['ubuntu == 20.4', 'held'],
    ['ubuntu == 020.004', 'held'],
    ['ubuntu == 20.04-rc', 'held'],
    ['ubuntu == 20', 'not'],
    ['ubuntu >= 20', 'held'],
    ['ubuntu >= 18.04', 'held'],
    ['ubuntu != 20.04', 'not'],
    ['ubuntu < 20.04 || > 21.04', 'not'],
    ['ubuntu >= 18.04 && < 22.04', 'held'],
    ['ubuntu >= 20.04 && < 20.04', 'not'],
    ['ubuntu > 21 && < 22 || == 20.04', 'held'],
    ['debian == 20.04', 'held'],
    ['rhel == 20.04', 'not'],
    ['kernelVersion >= 5.4', 'held'],
    ['kernelVersion == 5.4', 'held'],
    ['kernelVersion < 5.4', 'not'],
    ['kernelVersion == 5.4.0-1034-gcp', 'held'],
    ['kernelVersion >= 5.04.0', 'held'],
    ['ubuntu-20.04-kernel >= 5.4', 'held'],
    ['ubuntu-20.04-kernel < 5.4', 'not'],
    ['ubuntu-18.04-kernel >= 5.4', 'not'],
    ['ubuntu', 'error'],
    ['ubuntu 20.04', 'error'],
    ['ubuntu == x', 'error'],
    ['ubuntu == v20.04', 'error'],
    ['ubuntu === 20.04', 'error'],
    ['ubuntu == 20.04 , == 21.04', 'error'],
    ['ubuntu == 20.04 ||', 'error'],
    // ours
    ['ubuntu ! 20.04', 'not'],
    ['ubuntu ~ 20.04', 'error'],
  ])('%s: %s', (when, want) => expect(condition('hostAnalyzers', 'hostOS', when, files)).toBe(want))

  it('does not read the version of another platform', () => {
    const rolling = {
      'host-collectors/system/hostos_info.json': { ...os, platform: 'arch', platformFamily: 'arch', platformVersion: 'rolling' },
    }
    expect([
      condition('hostAnalyzers', 'hostOS', 'ubuntu > 1', rolling),
      condition('hostAnalyzers', 'hostOS', 'arch > 1', rolling),
    ]).toEqual(['not', 'error'])
  })
})
