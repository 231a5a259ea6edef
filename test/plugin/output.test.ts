import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFailure } from '../../core/errors.ts'
import { parseYaml } from '../../core/yaml.ts'
import { localTime } from '../../plugin/output/age.ts'
import { readFormat, show } from '../../plugin/output/format.ts'
import { fields, safe, safeLines, table, warning } from '../../plugin/output/text.ts'
import { makeCli } from '../support/cli.ts'
import { putJob, putLedger, putRun, putStatus } from './records.ts'

/** All that a terminal obeys, but line breaks and tabs, which our own texts have. */
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/
const EVIL = '\u001b]0;owned\u0007\u001b[31mred\u009b2J\u202egpj\r\nsecond line'

/** Mostly harmless characters would seldom show a hole. */
const control = fc.constantFrom(...'\u0000\u0007\u001b\u007f\u0085\u009b\u061c\u200e\u202e\u2066\n\t')
const anyText = fc.string({ unit: fc.oneof(control, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })), maxLength: 30 })
const data = fc.dictionary(
  fc.string({ maxLength: 5 }),
  fc.oneof(anyText, fc.integer(), fc.constant(null), fc.array(anyText, { maxLength: 3 })),
  { noNullPrototype: true },
)

describe('texts of strangers', () => {
  it('are one line that nothing obeys, and stay what they are otherwise', () => {
    expect(safe('a\u001b[31mb\n\t\r\u0085\u202e€ü')).toBe('a\\u001b[31mb\\n\\t\\r\\u0085\\u202e€ü')
    fc.assert(fc.property(anyText, (text) => !OBEYED.test(safe(text)) && !/[\n\t]/.test(safe(text))))
    fc.assert(
      fc.property(
        anyText,
        (text) => !OBEYED.test(safeLines(text)) && safeLines(text).split('\n').length === text.split('\n').length,
      ),
    )
    expect(warning(EVIL)).toMatch(/^warning: [^\n]*\n$/)
  })

  it('cannot break a table or a field', () => {
    expect(table(['A', 'B'], [[EVIL, 'x']]).split('\n')).toHaveLength(3)
    expect(
      fields([
        ['A', EVIL],
        ['B', ['x', EVIL]],
      ]).split('\n'),
    ).toHaveLength(4)
  })

  it.each(['json', 'yaml', 'jsonpath={.text}', 'name'])('-o %s obeys nothing', async (name) => {
    const format = await readFormat(name, 'test')
    await fc.assert(
      fc.asyncProperty(data, anyText, async (value, text) => {
        const shown = await show(format, { data: { ...value, text }, names: [text], table: () => '' })
        expect(shown).not.toMatch(OBEYED)
      }),
    )
  })

  it('are still in -o json and -o yaml, as they were', async () => {
    const wellFormed = data.filter((value) => JSON.stringify(value).isWellFormed())
    for (const [name, parse] of [
      ['json', JSON.parse],
      ['yaml', (text: string) => parseYaml(text).value],
    ] as const) {
      const format = await readFormat(name, 'test')
      await fc.assert(
        fc.asyncProperty(wellFormed, async (value) => {
          expect(parse(await show(format, { data: value, names: [], table: () => '' }))).toEqual(value)
        }),
      )
    }
  })
})

it('no verb prints what a terminal obeys, whatever the store holds', async () => {
  const cli = await makeCli()
  const yaml = `apiVersion: support-bundle-schedule.io/v1\nschedule: "@daily"\ndescription: ${JSON.stringify(EVIL)}\ncollect: {specs: [{inline: {metadata: {name: ${JSON.stringify(EVIL)}}}}]}\nupload: [{uploader: ${JSON.stringify(EVIL)}}]\n`
  const job = await putJob(cli.store, 'a', { text: yaml, annotations: { 'support-bundle-schedule.io/paused': EVIL } })
  const broken = await putJob(cli.store, 'b', { text: `${JSON.stringify(EVIL)}: 1\n` })
  const error = { code: EVIL, message: EVIL, remedy: EVIL }
  await putRun(cli.store, job, 'm1', {
    bundle: { fileName: EVIL, path: EVIL, bytes: 1, sha256: EVIL, files: 1, isPartial: false },
  })
  await putRun(cli.store, job, 'm2', {
    outcome: 'failed',
    error,
    deliveries: [{ uploader: EVIL, state: 'failed', tries: 2, location: EVIL, error }],
  })
  await putLedger(cli.store, job, [
    {
      type: 'run',
      run: EVIL,
      slot: '2025-12-19T02:00:00.000Z',
      trigger: 'schedule',
      outcome: 'failed',
      error: EVIL,
      location: EVIL,
    },
  ])
  await putStatus(cli.store, job, {
    isPaused: true,
    description: EVIL,
    schedule: EVIL,
    targets: [EVIL],
    lastError: EVIL,
    lastRun: { name: EVIL, state: EVIL, delivery: EVIL, location: EVIL },
    conditions: [{ type: 'Valid', status: 'False', reason: EVIL, message: EVIL, remedy: EVIL, at: '2026-01-01T00:00:00.000Z' }],
  })
  await cli.file(EVIL.replaceAll('/', ''), 'x: 1')
  const formats = ['table', 'wide', 'json', 'yaml', 'name', 'jsonpath={..}']
  const commands = [['list'], ['status', 'a'], ['status', 'b'], ['history', 'a'], ['validate', EVIL], ['validate', `no${EVIL}`]]
  for (const command of commands)
    for (const format of formats) {
      const { out, err } = await cli.run(...command, '--local', '-o', format)
      expect(out + err, `${command.join(' ')} -o ${format}`).not.toMatch(OBEYED)
      expect(out + err).not.toBe('')
    }
  for (const argv of [
    ['list', EVIL],
    [EVIL],
    ['list', `--${EVIL}`],
    ['status', EVIL, '--local'],
    ['list', '--local', '--filter', EVIL],
    ['disable', 'a', '--local', '--reason', EVIL],
    ['delete', 'b', '--local', '--yes'],
  ]) {
    const { out, err } = await cli.run(...argv)
    expect(out + err, argv.join(' ')).not.toMatch(OBEYED)
  }
  expect(broken.name).toBe('b')
})

describe('formats', () => {
  it('a JSONPath that is none is refused before any work, with its command', async () => {
    for (const verb of [
      ['list'],
      ['status', 'a'],
      ['history', 'a'],
      ['run', 'a'],
      ['collect'],
      ['version'],
      ['validate', 'x'],
      ['create', 'a', '-c', '@daily'],
      ['daemon', 'status'],
    ]) {
      const cli = await makeCli({
        task: () => Promise.reject(new Error('no work')),
        fileStore: () => Promise.reject(new Error('no work')),
      })
      const said = await cli.run(...verb, '--local', '-o', 'jsonpath={.a[}')
      const name = verb[0] === 'daemon' ? 'daemon status' : verb[0]
      expect(said.err).toMatch(
        new RegExp(`^error: flag "-o" .*\\(USAGE_FLAG_VALUE\\)\n {2}run "kubectl support-bundle-schedule ${name} --help"`),
      )
      expect(said).toMatchObject({ code: 2, out: '' })
    }
  })

  it('data that a JSONPath does not fit is its error too', async () => {
    const format = await readFormat('jsonpath={.a[0]}', 'verb')
    const error = await show(format, { data: { a: [] }, names: [], table: () => '' }).catch((caught: unknown) => caught)
    expect(isFailure(error, 'USAGE_FLAG_VALUE') ? error.fields['command'] : error).toBe('verb')
  })

  it('version speaks each of them', async () => {
    const cli = await makeCli()
    expect(await cli.out('version')).toMatch(/^version: \S+\nnode: v24.0.0\ntime zone data: 2026a\n$/)
    expect(JSON.parse(await cli.out('version', '-ojson'))).toMatchObject({ node: 'v24.0.0' })
    expect(await cli.out('version', '-o', 'jsonpath={.zoneData}')).toBe('2026a')
    expect(parseYaml(await cli.out('version', '-o', 'yaml')).value).toMatchObject({ zoneData: '2026a' })
  })
})

it('times are told with their offset; a zone that does not exist is UTC', () => {
  expect(localTime('2026-07-01T00:30:00Z', 'Europe/Berlin')).toBe('2026-07-01 02:30 +02:00')
  expect(localTime('2026-07-01T00:30:00Z', 'Mars/Olympus')).toBe('2026-07-01 00:30 +00:00')
})
