import { expect, it } from 'vitest'
import { specHash } from '../../../core/store/spec-hash.ts'

it('hashes as sha256sum does', () => {
  expect(specHash('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})
