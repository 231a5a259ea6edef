import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ARCHITECTURES, KNOWN } from '../../../tools/image/architectures.ts'
import { readElf, withoutSymbols } from '../../../tools/image/elf.ts'

const program = realpathSync(process.execPath)
const own = KNOWN.find((name) => ARCHITECTURES[name].nodeArch === process.arch)

describe.skipIf(process.platform !== 'linux' || !own)('a program of this machine', () => {
  const bytes = readFileSync(program)
  const ldd = execFileSync('/usr/bin/ldd', [program], { encoding: 'utf8' })

  it('is linked to what ldd says, and started by the loader that it names', () => {
    const elf = readElf(bytes)
    expect(elf.machine).toBe(own && ARCHITECTURES[own].elfMachine)
    expect(ldd).toContain(elf.interpreter)
    const names = ldd.split('\n').flatMap((line) => /^\t(\S+) =>/.exec(line)?.[1] ?? [])
    expect(elf.needed.filter((name) => !name.startsWith('ld-linux')).sort()).toEqual(names.sort())
  })

  it('runs without its symbols, and is no longer than what is mapped', () => {
    const folder = mkdtempSync(join(tmpdir(), 'elf-'))
    try {
      const small = withoutSymbols(bytes)
      expect(small.length).toBe(readElf(bytes).mappedBytes)
      expect(small.length).toBeLessThan(bytes.length)
      expect([small.readBigUInt64LE(40), small.readUInt16LE(60), small.readUInt16LE(62)]).toEqual([0n, 0, 0]) // no section headers
      // toEqual would compare them byte by byte
      expect(withoutSymbols(small).equals(small)).toBe(true)
      writeFileSync(join(folder, 'node'), small)
      chmodSync(join(folder, 'node'), 0o755)
      expect(execFileSync(join(folder, 'node'), ['-p', '6 * 7'], { encoding: 'utf8' })).toBe('42\n')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** A header alone: 64 bits, little-endian unless said otherwise, no segments. */
function elfHeader(change: (bytes: Buffer) => void = () => undefined): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  change(bytes)
  return bytes
}

it('refuses what it cannot read', () => {
  expect(readElf(elfHeader()).needed).toEqual([])
  expect(() => readElf(Buffer.from('#!/bin/sh\n'))).toThrow('not a 64-bit')
  expect(() => readElf(elfHeader((bytes) => (bytes[4] = 1)))).toThrow('not a 64-bit')
  expect(() => readElf(elfHeader((bytes) => (bytes[5] = 2)))).toThrow('not a 64-bit')
  expect(() => readElf(elfHeader((bytes) => (bytes[0] = 0)))).toThrow('not a 64-bit')
})
