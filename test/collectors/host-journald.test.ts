import { expect, it } from 'vitest'
import hostJournald from '../../collectors/host-journald/index.ts'
import type { HostExecOptions } from '../../core/contract/index.ts'
import { codes, collect, hostErrors, issues, texts } from './collect.ts'

const FOLDER = 'host-collectors/journald'

it('keeps what journalctl prints, and how it ended', async () => {
  const commands = { journalctl: { stdout: 'ready\n', stderr: 'Hint: some messages are not shown\n' } }
  const gathered = await collect(hostJournald, { collectorName: 'kubelet', units: ['kubelet'] }, { commands })
  expect(codes(gathered)).toEqual([])
  expect(texts(gathered)).toEqual({
    [`${FOLDER}/kubelet.txt`]: 'ready\n',
    [`${FOLDER}/kubelet-stderr.txt`]: 'Hint: some messages are not shown\n',
    [`${FOLDER}/kubelet-info.json`]:
      '{"command":"journalctl -u kubelet -n 200000 --no-pager","exitCode":"0","error":"","outputDir":"","input":"","env":[]}',
  })
})

it('leaves an empty stderr out', async () => {
  expect(Object.keys(texts(await collect(hostJournald)))).toEqual([`${FOLDER}/journald.txt`, `${FOLDER}/journald-info.json`])
})

/** What an entry without any bound asks for: no machine has to print all that it ever logged. */
const NEWEST = ['-n', '200000']

async function asked(entry: object): Promise<{ args: string[]; options: HostExecOptions }> {
  let seen: { args: string[]; options: HostExecOptions } = { args: [], options: {} }
  await collect(hostJournald, entry, { commands: { journalctl: (args, options) => ((seen = { args, options }), {}) } })
  return seen
}

it.each<[object, string[]]>([
  [{}, NEWEST],
  [{ system: true }, ['--system', ...NEWEST]],
  [{ dmesg: true }, ['--dmesg', ...NEWEST]],
  [{ units: ['kubelet', '--flush'] }, ['-u', 'kubelet', '-u', '--flush', ...NEWEST]],
  [{ since: '1 hour ago', until: '' }, ['--since', '1 hour ago']],
  [{ until: '-1h' }, ['--until', '-1h']],
  [{ output: 'json' }, ['--output', 'json', ...NEWEST]],
  [{ lines: 100 }, ['-n', '100']],
  [{ lines: 0, reverse: false, utc: false, dmesg: false, system: false }, NEWEST],
  [{ lines: -5 }, NEWEST],
  [{ reverse: true }, [...NEWEST, '--reverse']],
  [{ utc: true }, [...NEWEST, '--utc']],
  [
    { utc: true, reverse: true, lines: 1, output: 'cat', until: 'u', since: 's', units: ['a'], dmesg: true, system: true },
    ['--system', '--dmesg', '-u', 'a', '--since', 's', '--until', 'u', '--output', 'cat', '-n', '1', '--reverse', '--utc'],
  ],
])('asks for what %j means', async (entry, want) => {
  expect((await asked(entry)).args).toEqual([...want, '--no-pager'])
})

it.each([
  [undefined, 30_000],
  ['', 30_000],
  ['1m30s', 90_000],
])('waits %j: %i ms', async (timeout, timeoutMs) => {
  expect((await asked(timeout === undefined ? {} : { timeout })).options).toEqual({ timeoutMs })
})

it.each([
  ['there is no journalctl', {}, '-1', 'spawn journalctl ENOENT'],
  [
    'it takes too long',
    { journalctl: new Error('journalctl did not end in 30000 ms') },
    '-1',
    'journalctl did not end in 30000 ms',
  ],
  ['it fails', { journalctl: { stderr: 'Failed to parse timestamp: x\n', exitCode: 1 } }, '1', 'Failed to parse timestamp: x\n'],
  ['it fails in silence', { journalctl: { exitCode: 3 } }, '3', ''],
])('gives a warning when %s', async (_, commands, exitCode, error) => {
  const gathered = await collect(hostJournald, {}, { commands })
  expect(JSON.parse(texts(gathered)[`${FOLDER}/journald-info.json`]!)).toMatchObject({ exitCode, error })
  expect(gathered.warnings).toEqual([
    {
      type: 'warning',
      code: 'JOURNAL_UNREADABLE',
      message: `journalctl: ${error.trim() || 'ended with code 3'}`,
    },
  ])
})

const MOST = 16 * 2 ** 20
const LONG = 'old line\n'.repeat(2 ** 21).slice(0, MOST)

/** A journal that is too long, or too slow, unless it is read from its end. */
async function cutJournal(entry: object, forwards: string | Error, backwards: string | Error = 'newest\nolder\n') {
  const runs: string[][] = []
  const journalctl = (args: string[]) => {
    runs.push(args)
    const printed = args.includes('--reverse') ? backwards : forwards
    if (printed instanceof Error) throw printed
    return { stdout: printed }
  }
  const gathered = await collect(hostJournald, entry, { commands: { journalctl } })
  const files = texts(gathered)
  return {
    runs: runs.map((args) => args.join(' ')),
    text: files[`${FOLDER}/journald.txt`] ?? '',
    command: (JSON.parse(files[`${FOLDER}/journald-info.json`]!) as { command: string }).command,
    told: gathered.warnings.map(({ message }) => message),
  }
}

it.each([
  ['no bound', {}, '-n 200000 --no-pager', '-n 200000 --reverse --no-pager'],
  ['a since', { since: '-1h' }, '--since -1h --no-pager', '--since -1h -n 200000 --reverse --no-pager'],
  ['lines', { lines: 7 }, '-n 7 --no-pager', '-n 7 --reverse --no-pager'],
])('reads a journal that is too long from its end: %s', async (_, entry, first, second) => {
  expect(await cutJournal(entry, LONG)).toEqual({
    runs: [first, second],
    text: 'newest\nolder\n',
    command: `journalctl ${second}`,
    told: [expect.stringContaining('only its newest entries, newest first are kept: ask for fewer "lines"')],
  })
})

it('keeps whole lines of the newest, also when it is cut within a character', async () => {
  const print = (text: string) => cutJournal({}, LONG, text)
  const cut = await print(LONG)
  expect([cut.text.endsWith('line\n'), cut.told]).toEqual([true, [expect.stringContaining('newest 16 MiB, newest first')]])
  expect((await print(`${'x'.repeat(MOST - 5)}\n\u{fffd}`)).text).toBe(`${'x'.repeat(MOST - 5)}\n`)
  expect((await cutJournal({}, 'x'.repeat(MOST - 100))).runs).toHaveLength(1)
})

it('keeps the order when it is newest first already', async () => {
  const { runs, told } = await cutJournal({ reverse: true }, '', LONG)
  expect([runs, told]).toEqual([['-n 200000 --reverse --no-pager'], [expect.stringContaining('only its newest 16 MiB are kept')]])
})

it('keeps the oldest rather than nothing when the end cannot be read', async () => {
  const { text, command, told } = await cutJournal({}, LONG, new Error('gone'))
  expect([text === LONG, command, told]).toEqual([
    true,
    'journalctl -n 200000 --no-pager',
    [expect.stringContaining('only its oldest 16 MiB')],
  ])
})

it('reads the newest when all takes too long', async () => {
  const late = new Error('journalctl did not end in 30000 ms')
  expect(await cutJournal({ since: '2020-01-01' }, late)).toMatchObject({
    text: 'newest\nolder\n',
    told: [expect.stringContaining('newest first')],
  })
  expect((await cutJournal({ since: '2020-01-01' }, late, late)).told).toEqual(['journalctl: journalctl did not end in 30000 ms'])
  expect((await cutJournal({ lines: 5 }, late)).runs).toHaveLength(1)
})

it('says when an entry without a bound may have had more', async () => {
  const print = async (lines: number, entry = {}) => (await cutJournal(entry, 'a\n'.repeat(lines))).told
  expect(await print(199_999)).toEqual([])
  expect(await print(200_000)).toEqual([expect.stringContaining('at most the newest 200000 entries are kept')])
  expect(await print(200_000, { lines: 200_000 })).toEqual([])
})

it('writes the error as the peer does when there is no journalctl', async () => {
  const failing = await collect(hostJournald, { collectorName: 'kubelet' }, {})
  expect(hostErrors(failing)).toMatchObject({ 'kubelet-error.json': { collector: 'kubelet', error: 'spawn journalctl ENOENT' } })
  const refusing = await collect(hostJournald, {}, { commands: { journalctl: { exitCode: 1 } } })
  expect(hostErrors(refusing)).toEqual({})
})

it.each<[object, string]>([
  [{ timeout: 'soon' }, 'timeout: must be a duration, like "30s" or "1m30s"'],
  [{ lines: '5' }, 'lines: '],
  [{ units: 'kubelet' }, 'units: '],
  [{ unit: ['kubelet'] }, 'unit'],
])('refuses %j', async (entry, said) => {
  expect((await issues(hostJournald, entry)).join('\n')).toContain(said)
})
