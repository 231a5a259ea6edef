import { expect, it } from 'vitest'
import { readArgs } from '../../../tools/image/args.ts'

const defaults = { root: '/repo', version: '1.2.3', nodeArch: 'arm64' }
const read = (...argv: string[]) => readArgs(argv, defaults)

it('makes the image of this machine, named after the version', () => {
  expect(read()).toEqual({
    architectures: ['arm64'],
    to: '/repo/build/image/support-bundle-schedule-1.2.3.tar',
    tag: 'localhost/support-bundle-schedule:1.2.3',
    level: 9,
    staging: '/repo/build/image',
  })
})

it('takes processors in any order, once each', () => {
  expect(read('--arch', 'arm64', '--arch', 'amd64', '--arch', 'arm64')?.architectures).toEqual(['amd64', 'arm64'])
  expect(read('--all')?.architectures).toEqual(['amd64', 'arm64'])
  expect(read('--arch', 'amd64')?.architectures).toEqual(['amd64'])
})

it('takes a file and a name', () => {
  expect(read('--to', '/x/y.tar', '--tag', 'registry.example/a:b')).toMatchObject({ to: '/x/y.tar', tag: 'registry.example/a:b' })
})

it('says what is wrong, and how it is used', () => {
  expect(() => read('--arch', 'riscv64')).toThrow('--arch riscv64: known are amd64 and arm64')
  expect(() => read('--arch', 'toString')).toThrow('--arch toString')
  expect(() => readArgs([], { ...defaults, nodeArch: 's390x' })).toThrow('s390x: name one with --arch')
  expect(() => read('--archs', 'amd64')).toThrow('--archs')
  expect(read('-h')).toBeUndefined()
})
