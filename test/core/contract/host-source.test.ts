import { expect, it } from 'vitest'
import { readBytes, readText, runTool } from '../../../core/contract/index.ts'
import { fakeHost } from '../../../core/testkit/index.ts'

const host = fakeHost({
  files: { '/etc/motd': 'grüß dich\n' },
  commands: { fine: 'out\n', bad: { stderr: 'no such unit\nmore', exitCode: 4 }, mute: { exitCode: 1 } },
})
const context = { host, signal: new AbortController().signal }
const aborted = { host, signal: AbortSignal.abort(new Error('run cancelled')) }

it('reads text, also when a character lies in two chunks', async () => {
  const bytes = new TextEncoder().encode('grüß')
  const split = {
    ...host,
    read: () =>
      async function* () {
        for (const byte of bytes) yield Uint8Array.of(byte)
      },
  }
  expect(await readText({ ...context, host: split }, '/x')).toBe('grüß')
  expect(await readText(context, '/etc/motd')).toBe('grüß dich\n')
})

it('reads no more than a bound: what never ends must not be held', async () => {
  let pieces = 0
  const endless = {
    ...host,
    read: () =>
      async function* () {
        for (; pieces < 100; pieces++) yield new Uint8Array(2 ** 20)
      },
  }
  const machine = { ...context, host: endless }
  await expect(readBytes(machine, '/x', 2 ** 20 + 1)).rejects.toThrow('it has more than 1048577 bytes')
  expect(pieces).toBe(1)
  expect(await readText(machine, '/x')).toMatchObject({ message: '/x cannot be read: it has more than 16777216 bytes' })
  expect(pieces).toBe(17)
  await expect(readBytes(aborted, '/gone')).rejects.toThrow('run cancelled')
  expect(await readBytes(context, '/etc/motd', 12)).toHaveLength(12)
  await expect(readBytes(context, '/etc/motd', 11)).rejects.toThrow('it has more than 11 bytes')
})

it('gives a warning for what cannot be read or run', async () => {
  const told = [
    readText(context, '/gone'),
    runTool(context, 'gone', []),
    runTool(context, 'bad', ['-x']),
    runTool(context, 'mute', []),
  ]
  expect(await Promise.all(told)).toEqual([
    {
      type: 'warning',
      code: 'HOST_FILE_UNREADABLE',
      message: "/gone cannot be read: ENOENT: no such file or directory, open '/gone'",
    },
    { type: 'warning', code: 'HOST_TOOL_FAILED', message: 'gone could not be run: spawn gone ENOENT' },
    { type: 'warning', code: 'HOST_TOOL_FAILED', message: 'bad ended with code 4: no such unit' },
    { type: 'warning', code: 'HOST_TOOL_FAILED', message: 'mute ended with code 1: no reason was given' },
  ])
})

it('gives what a program printed, and bounds its time', async () => {
  let limit: number | undefined
  const watched = fakeHost({ commands: { fine: (_, { timeoutMs }) => ((limit = timeoutMs), { stdout: 'out\n' }) } })
  expect(await runTool({ ...context, host: watched }, 'fine', [])).toBe('out\n')
  expect(limit).toBe(20_000)
  await runTool({ ...context, host: watched }, 'fine', [], { timeoutMs: 5 })
  expect(limit).toBe(5)
})

it('never takes an abort for a missing source', async () => {
  for (const path of ['/etc/motd', '/gone']) await expect(readText(aborted, path)).rejects.toThrow('run cancelled')
  for (const tool of ['fine', 'bad', 'gone']) await expect(runTool(aborted, tool, [])).rejects.toThrow('run cancelled')
})
