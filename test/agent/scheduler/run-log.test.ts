import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRunLog } from '../../../agent/scheduler/run-log.ts'
import { FakeClock } from '../../support/clock.ts'

interface Line {
  timestamp: string
  level: string
  message: string
  component: string
}

let folder = ''
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'run-log-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const mask = (text: string) => text.replaceAll(/secret=\S+/g, 'secret=***')
const open = (redact = mask) => createRunLog(join(folder, 'runs', 'a.log'), new FakeClock(), redact)
async function lines(): Promise<Line[]> {
  const text = await readFile(join(folder, 'runs', 'a.log'), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

describe('the log of a run', () => {
  it('has a line of JSON for what its task says', async () => {
    const log = open()
    log.entry('info', 'run started', 'agent')
    log.message({ type: 'step', name: 'collecting' })
    log.message({ type: 'warning', code: 'FORBIDDEN', message: 'no pods' })
    log.message({ type: 'progress', done: 1, of: 2 })
    log.message({ type: 'failed', problem: { code: 'X', message: 'it broke' } })
    await log.flush()
    expect((await lines()).map(({ level, message, component }) => [level, message, component])).toEqual([
      ['info', 'run started', 'agent'],
      ['info', 'collecting', 'task'],
      ['warn', 'FORBIDDEN: no pods', 'task'],
      ['error', 'X: it broke', 'task'],
    ])
    expect((await lines())[0]?.timestamp).toBe('2026-01-01T00:00:00.000Z')
  })

  it('puts free text together to lines, the last one too', async () => {
    const log = open()
    for (const chunk of ['one\nt', 'wo\n\n', 'three']) log.text(chunk)
    await log.flush()
    expect((await lines()).map(({ message }) => message)).toEqual(['one', 'two', 'three'])
  })

  it('masks secrets, also in text that is JSON itself, and stays JSON', async () => {
    const log = open((text) => text.replaceAll(/"password":"[^"]*"/g, '"password":"***"'))
    log.text('{"password":"hunter2","user":"a"}\n')
    await log.flush()
    expect((await lines())[0]?.message).toBe('{"password":"***","user":"a"}')
  })

  it('does not lose the beginning of a long line: there the mask finds what to hide', async () => {
    const log = open()
    log.text(`secret=${'x'.repeat(5_000)}`)
    log.text('y'.repeat(5_000))
    await log.flush()
    expect((await lines()).map(({ message }) => message)).toEqual(['secret=***'])
  })

  it('has an end', async () => {
    const log = open()
    for (let line = 0; line < 1_000; line++) log.text(`${'z'.repeat(4_000)}\n`)
    await log.flush()
    const all = await lines()
    expect(all.length).toBeLessThan(300)
    expect(all.at(-1)).toMatchObject({ level: 'warn', message: 'the log is full' })
  })

  it('that cannot be written is no trouble', async () => {
    await writeFile(join(folder, 'runs'), 'a file in the way')
    const log = open()
    log.text('one\n')
    await log.flush()
  })
})
