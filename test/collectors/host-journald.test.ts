import { expect, it } from 'vitest'
import hostJournald from '../../collectors/host-journald/index.ts'
import type { HostExecOptions } from '../../core/contract/index.ts'
import { codes, collect, issues, texts } from './collect.ts'

const FOLDER = 'host-collectors/journald'

it('keeps what journalctl prints, and how it ended', async () => {
  const commands = { journalctl: { stdout: 'ready\n', stderr: 'Hint: some messages are not shown\n' } }
  const gathered = await collect(hostJournald, { collectorName: 'kubelet', units: ['kubelet'] }, { commands })
  expect(codes(gathered)).toEqual([])
  expect(texts(gathered)).toEqual({
    [`${FOLDER}/kubelet.txt`]: 'ready\n',
    [`${FOLDER}/kubelet-stderr.txt`]: 'Hint: some messages are not shown\n',
    [`${FOLDER}/kubelet-info.json`]:
      '{"command":"journalctl -u kubelet --no-pager","exitCode":"0","error":"","outputDir":"","input":"","env":[]}',
  })
})

it('leaves an empty stderr out', async () => {
  expect(Object.keys(texts(await collect(hostJournald)))).toEqual([`${FOLDER}/journald.txt`, `${FOLDER}/journald-info.json`])
})

async function asked(entry: object): Promise<{ args: string[]; options: HostExecOptions }> {
  let seen: { args: string[]; options: HostExecOptions } = { args: [], options: {} }
  await collect(hostJournald, entry, { commands: { journalctl: (args, options) => ((seen = { args, options }), {}) } })
  return seen
}

it.each<[object, string[]]>([
  [{}, []],
  [{ system: true }, ['--system']],
  [{ dmesg: true }, ['--dmesg']],
  [{ units: ['kubelet', '--flush'] }, ['-u', 'kubelet', '-u', '--flush']],
  [{ since: '1 hour ago', until: '' }, ['--since', '1 hour ago']],
  [{ until: '-1h' }, ['--until', '-1h']],
  [{ output: 'json' }, ['--output', 'json']],
  [{ lines: 100 }, ['-n', '100']],
  [{ lines: 0, reverse: false, utc: false, dmesg: false, system: false }, []],
  [{ lines: -5 }, []],
  [{ reverse: true }, ['--reverse']],
  [{ utc: true }, ['--utc']],
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

it('says when the journal was cut, also within a character', async () => {
  const print = async (stdout: string) => codes(await collect(hostJournald, {}, { commands: { journalctl: stdout } }))
  const most = 16 * 2 ** 20
  expect(await print('x'.repeat(most))).toEqual(['JOURNAL_CUT'])
  expect(await print(`${'x'.repeat(most - 4)}\u{fffd}`)).toEqual(['JOURNAL_CUT'])
  expect(await print('x'.repeat(most - 100))).toEqual([])
})

it.each<[object, string]>([
  [{ timeout: 'soon' }, 'timeout: must be a duration, like "30s" or "1m30s"'],
  [{ lines: '5' }, 'lines: '],
  [{ units: 'kubelet' }, 'units: '],
  [{ unit: ['kubelet'] }, 'unit'],
])('refuses %j', async (entry, said) => {
  expect((await issues(hostJournald, entry)).join('\n')).toContain(said)
})
