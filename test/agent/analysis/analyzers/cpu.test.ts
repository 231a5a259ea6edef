import { describe, expect, it } from 'vitest'
import { condition } from '../run-analyzer.ts'

const flags = 'cmov cx8 fpu fxsr mmx syscall sse sse2 cx16 lahf_lm popcnt ssse3 sse4_1 sse4_2 aes'.split(' ')
const files = { 'host-collectors/system/cpu.json': { logicalCount: 8, physicalCount: 4, flags, machineArch: 'x86_64' } }

// Each verdict is the peer's.
describe('cpu', () => {
  it.each([
    ['count < 2', 'not'],
    ['count > 2', 'held'],
    ['count == 8', 'held'],
    ['count === 8', 'held'],
    ['count != 8', 'not'],
    ['COUNT == 8', 'held'],
    ['logical == 8', 'held'],
    ['physical == 4', 'held'],
    ['Physical != 4', 'not'],
    ['physical !== 4', 'not'],
    ['< 9', 'held'],
    ['>= 8', 'held'],
    ['== 4', 'not'],
    ['8', 'error'],
    ['count 8', 'error'],
    ['count  < 2', 'error'],
    ['count == x', 'error'],
    ['count <> 8', 'error'],
    ['cores > 3', 'error'],
    ['machineArch == x86_64', 'held'],
    ['machinearch != x86_64', 'not'],
    ['machineArch == arm64', 'not'],
    ['machineArch > x', 'error'],
    ['supports x86-64', 'held'],
    ['supports x86-64-v2', 'held'],
    ['supports x86-64-v3', 'not'],
    ['x supports x86-64-v2', 'held'],
    ['supports foo', 'error'],
    ['hasFlags aes,sse', 'held'],
    ['hasFlags avx', 'not'],
    ['hasFlags aes,avx', 'not'],
    ['x hasFlags aes', 'held'],
  ])('%s: %s', (when, want) => expect(condition('hostAnalyzers', 'cpu', when, files)).toBe(want))

  it('counts the larger of the two', () => {
    const more = { 'host-collectors/system/cpu.json': { logicalCount: 1, physicalCount: 2 } }
    expect([
      condition('hostAnalyzers', 'cpu', 'count == 2', more),
      condition('hostAnalyzers', 'cpu', 'hasFlags sse', more),
    ]).toEqual(['held', 'not'])
  })

  it('reads the levels in order', () => {
    const v4 = 'avx avx2 bmi1 bmi2 f16c fma lzcnt movbe xsave avx512f avx512bw avx512cd avx512dq avx512vl'.split(' ')
    const has = (list: string[]) =>
      condition('hostAnalyzers', 'cpu', 'supports x86-64-v4', { 'host-collectors/system/cpu.json': { flags: list } })
    expect([has([...flags, ...v4]), has(v4), has([...flags, ...v4.slice(1)])]).toEqual(['held', 'not', 'not'])
  })
})
