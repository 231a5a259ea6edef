import { expect, it } from 'vitest'
import hostRun from '../../collectors/host-run/index.ts'
import type { HostExecOptions } from '../../core/contract/index.ts'
import { codes, collect, issues, texts } from './collect.ts'

const FOLDER = 'host-collectors/run-host'

it('keeps what a command prints, and how it ended', async () => {
  const gathered = await collect(hostRun, { command: 'df', args: ['-k', '/x'] })
  expect(codes(gathered)).toEqual([])
  expect(texts(gathered)).toEqual({
    [`${FOLDER}/run-host.txt`]: 'Filesystem 1K-blocks\n',
    [`${FOLDER}/run-host-stderr.txt`]: 'df: /x: denied\n',
    [`${FOLDER}/run-host-info.json`]:
      '{"command":"df -k /x","exitCode":"1","error":"df: /x: denied\\n","outputDir":"","input":"","env":[]}',
  })
})

it('names files after collectorName, and leaves an empty stderr out', async () => {
  const gathered = await collect(hostRun, { command: 'uptime', collectorName: 'up' })
  expect(Object.keys(texts(gathered))).toEqual([`${FOLDER}/up.txt`, `${FOLDER}/up-info.json`])
  expect(JSON.parse(texts(gathered)[`${FOLDER}/up-info.json`]!)).toMatchObject({ command: 'uptime', exitCode: '0', error: '' })
})

it('says so when a command cannot be run or takes too long', async () => {
  const late = new Error('timed out after 5000 ms')
  const gathered = await collect(hostRun, { command: 'sleep', args: ['60'], timeout: '5s' }, { commands: { sleep: late } })
  expect(codes(gathered)).toEqual(['HOST_COMMAND_NOT_RUN'])
  expect(JSON.parse(texts(gathered)[`${FOLDER}/run-host-info.json`]!)).toMatchObject({
    exitCode: '-1',
    error: 'timed out after 5000 ms',
  })
})

it('says so when a command was ended by a signal', async () => {
  const gathered = await collect(hostRun, { command: 'crash' }, { commands: { crash: { exitCode: -1 } } })
  expect(gathered.warnings).toEqual([{ type: 'warning', code: 'HOST_COMMAND_NOT_RUN', message: 'crash: ended by a signal' }])
})

async function optionsFor(entry: object): Promise<HostExecOptions | undefined> {
  let seen: HostExecOptions | undefined
  await collect(hostRun, { command: 'x', ...entry }, { commands: { x: (_, options) => ((seen = options), {}) } })
  return seen
}

it.each([
  [{}, {}],
  [{ timeout: '1m30s' }, { timeoutMs: 90_000 }],
  [{ timeout: '0' }, {}],
  [{ timeout: '' }, {}],
  [{ timeout: '1.5h' }, { timeoutMs: 5_400_000 }],
  [{ env: ['A=1', 'B=x=y'] }, { env: { A: '1', B: 'x=y' }, inheritEnv: ['PATH'] }],
  [{ inheritEnvs: ['HOME'] }, { env: {}, inheritEnv: ['PATH', 'HOME'] }],
  [{ inheritEnvs: ['HOME'], ignoreParentEnvs: true }, {}],
  [
    { inheritEnvs: ['HOME'], ignoreParentEnvs: true, env: ['A=1'] },
    { env: { A: '1' }, inheritEnv: ['PATH'] },
  ],
])('asks the host for what %j means', async (entry, options) => {
  expect(await optionsFor(entry)).toEqual(options)
})

it('never writes the value of a variable', async () => {
  const gathered = await collect(hostRun, { command: 'uptime', env: ['PGPASSWORD=hunter2'], inheritEnvs: ['HOME'] })
  expect(Object.values(texts(gathered)).join('')).not.toContain('hunter2')
  expect(JSON.parse(gathered.files.at(-1)!.text)).toMatchObject({ env: ['HOME=***HIDDEN***', 'PGPASSWORD=***HIDDEN***'] })
})

it.each<[object, string]>([
  [{}, 'command'],
  [{ command: 'x', args: 'y' }, 'args'],
  [{ command: 'x', env: ['NAME'] }, 'must be NAME=value'],
  [{ command: 'x', timeout: '5 minutes' }, 'must be a duration, like "30s" or "1m30s"'],
  [{ command: 'x', input: { a: 'b' } }, 'input: "input" is not supported'],
  [{ command: 'x', outputDir: 'out' }, 'outputDir: "outputDir" is not supported'],
])('refuses %j', async (entry, said) => {
  expect((await issues(hostRun, entry)).join('\n')).toContain(said)
})
