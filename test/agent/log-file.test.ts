import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLogFile } from '../../agent/log-file.ts'
import { FakeClock } from '../support/clock.ts'

const DAY = 86_400_000
let folder = ''
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'log-file-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const path = () => join(folder, 'logs', 'daemon.log')
const open = (limits = { maxBytes: 100, maxAgeMs: 7 * DAY }, clock = new FakeClock('2026-03-10T00:00:00Z')) =>
  openLogFile(path(), limits, clock)
const files = () => readdirSync(join(folder, 'logs')).toSorted()
const line = (name: string) => `${name.padEnd(39, '.')}\n`

describe('a log file', () => {
  it('is made with its folder, for its user alone, and added to', () => {
    const first = open()
    first.write('one\n')
    first.close()
    const second = open()
    second.write('two\n')
    second.close()
    expect(readFileSync(path(), 'utf8')).toBe('one\ntwo\n')
    expect(statSync(path()).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'logs')).mode & 0o777).toBe(0o700)
  })

  it('that would grow past its size is renamed and begun anew; no line is lost or cut', () => {
    const log = open()
    for (const name of ['a', 'b', 'c', 'd', 'e']) log.write(line(name))
    log.close()
    expect(files()).toEqual(['daemon.log', 'daemon.log.20260310T000000000Z', 'daemon.log.20260310T000000000Z-1'])
    expect(files().map((name) => readFileSync(join(folder, 'logs', name), 'utf8'))).toEqual([
      line('e'),
      line('a') + line('b'),
      line('c') + line('d'),
    ])
  })

  it('counts bytes, not letters', () => {
    const log = open()
    log.write(line('a'))
    log.write(`${'ä'.repeat(40)}\n`)
    log.close()
    expect(files()).toHaveLength(2)
  })

  it('knows the size of what was there', () => {
    const first = open()
    first.write(line('a') + line('b'))
    first.close()
    const second = open()
    second.write(line('c'))
    second.close()
    expect(files()).toHaveLength(2)
  })

  it('takes a line that is larger than its size', () => {
    const log = open()
    log.write('x'.repeat(500))
    log.write('y'.repeat(500))
    log.close()
    expect(files()).toHaveLength(2)
  })

  it('removes old ones when it is opened and when it is renamed, and no other files', () => {
    open().close()
    const put = (name: string, daysOld: number) => {
      const file = join(folder, 'logs', name)
      writeFileSync(file, name)
      const at = Date.parse('2026-03-10T00:00:00Z') / 1000 - daysOld * 86_400
      utimesSync(file, at, at)
    }
    put('daemon.log.20260301T000000000Z', 9)
    put('daemon.log.20260305T000000000Z', 5)
    put('daemon.log.bak', 99)
    put('other.log.20260301T000000000Z', 99)
    const log = open()
    expect(files()).toEqual(['daemon.log', 'daemon.log.20260305T000000000Z', 'daemon.log.bak', 'other.log.20260301T000000000Z'])
    put('daemon.log.20260302T000000000Z', 8)
    log.write(line('a') + line('b'))
    log.write(line('c'))
    log.close()
    expect(files()).not.toContain('daemon.log.20260302T000000000Z')
  })

  it('does not throw when nothing can be written', () => {
    open().close()
    rmSync(path())
    symlinkSync('/dev/full', path())
    const log = open()
    expect(() => log.write('lost\n')).not.toThrow()
    log.close()
  })

  it('goes on in the old file while it cannot be renamed, and never in a file of someone else', () => {
    const log = open()
    log.write(line('a') + line('b'))
    rmSync(join(folder, 'logs'), { recursive: true })
    log.write(line('c'))
    // Whoever opens a file now must not get the log's lines into it.
    writeFileSync(join(folder, 'someone-else'), 'mine')
    log.write(line('d'))
    expect(readFileSync(join(folder, 'someone-else'), 'utf8')).toBe('mine')
    expect(existsSync(join(folder, 'logs'))).toBe(false)
    expect(() => log.close()).not.toThrow()
  })

  it('says why it cannot be opened', () => {
    writeFileSync(join(folder, 'logs'), 'a file in the way')
    chmodSync(join(folder, 'logs'), 0o600)
    expect(() => open()).toThrow(/EEXIST|ENOTDIR/)
  })
})
