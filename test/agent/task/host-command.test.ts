import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { runCommand, type CommandEdge } from '../../../agent/task/host-command.ts'
import { systemClock } from '../../../core/clock.ts'
import type { HostExecOptions } from '../../../core/contract/index.ts'

/** Real commands of this machine; the only waits are those of the commands. */
function run(script: string, options: HostExecOptions = {}, edge: Partial<CommandEdge> = {}) {
  return runCommand(
    {
      env: { PATH: process.env['PATH'], OWN: 'own', SECRET: 'secret' },
      clock: systemClock,
      signal: new AbortController().signal,
      ...edge,
    },
    'sh',
    ['-c', script],
    options,
  )
}
const environmentOf = async (options: HostExecOptions) =>
  Object.fromEntries(
    (await run('env', options)).stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s))
      .filter(([name]) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name ?? '')),
  )

describe('a command', () => {
  it('tells both of its streams and its exit code, whatever that is', async () => {
    expect(await run('echo out; echo err >&2; exit 3')).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 3 })
    expect(await run('true')).toEqual({ stdout: '', stderr: '', exitCode: 0 })
  })

  it('that ends by a signal has -1', async () => {
    expect((await run('echo before; kill -9 $$')).exitCode).toBe(-1)
  })

  it.each(['/nowhere/program', '/etc/passwd', ''])('that cannot be started rejects: %j', async (command) => {
    const edge = { env: {}, clock: systemClock, signal: new AbortController().signal }
    await expect(runCommand(edge, command, [], {})).rejects.toThrow(/ENOENT|EACCES|argument/)
    await expect(runCommand(edge, command, [], { stdin: 'input'.repeat(100_000) })).rejects.toThrow(/ENOENT|EACCES|argument/)
  })

  it('arguments go through no shell', async () => {
    const edge = { env: {}, clock: systemClock, signal: new AbortController().signal }
    expect((await runCommand(edge, 'echo', ['$HOME; `id` *'], {})).stdout).toBe('$HOME; `id` *\n')
  })

  it('keeps 16 MiB of a stream, and reads the rest', async () => {
    const { stdout, stderr, exitCode } = await run('head -c 18000000 /dev/zero; echo end >&2')
    expect({ size: stdout.length, stderr, exitCode }).toEqual({ size: 16 * 2 ** 20, stderr: 'end\n', exitCode: 0 })
  })
})

describe('its environment', () => {
  it.each([
    ['is PATH and LC_ALL alone', {}, { LC_ALL: 'C', PATH: process.env['PATH'] }],
    ['is what was given, and nothing else', { env: { A: '1' } }, { A: '1' }],
    ['has what is asked for by name', { env: { A: '1' }, inheritEnv: ['OWN', 'A', 'NONE'] }, { OWN: 'own', A: '1' }],
    ['has only what is asked for', { inheritEnv: ['OWN'] }, { LC_ALL: 'C', OWN: 'own' }],
    ['has nothing', { env: {}, inheritEnv: [] }, {}],
  ])('%s', async (_, options, want) => {
    const found = await environmentOf(options)
    if (!('PATH' in want)) delete found['PATH']
    expect(found).toEqual(want)
  })

  it('has a PATH where ours has none', async () => {
    const edge = { env: {}, clock: systemClock, signal: new AbortController().signal }
    expect((await runCommand(edge, 'env', [], {})).stdout).toContain('PATH=/usr/local/sbin:')
  })
})

describe('input', () => {
  it('goes to the command', async () => {
    for (const stdin of [
      'text',
      Buffer.from('text'),
      async function* () {
        yield Buffer.from('te')
        yield Buffer.from('xt')
      },
    ])
      expect((await run('cat', { stdin })).stdout).toBe('text')
    expect((await run('cat')).stdout).toBe('')
    expect((await run('wc -c', { stdin: 'x'.repeat(5_000_000) })).stdout.trim()).toBe('5000000')
  })

  it('need not be read', async () => {
    expect(await run('exit 0', { stdin: 'x'.repeat(5_000_000) })).toMatchObject({ exitCode: 0 })
    expect(await run('head -c 1', { stdin: 'x'.repeat(5_000_000) })).toMatchObject({ stdout: 'x', exitCode: 0 })
  })

  it('that breaks ends the command', async () => {
    const stdin = async function* () {
      yield Buffer.from('a')
      throw new Error('source is gone')
    }
    await expect(run('cat; sleep 60', { stdin })).rejects.toThrow('source is gone')
  })
})

describe('an end', () => {
  it('comes with the time', async () => {
    await expect(run('exec sleep 60', { timeoutMs: 100 })).rejects.toThrow('sh did not end in 100 ms')
    await expect(run('sleep 60; true', { timeoutMs: 100 })).rejects.toThrow('sh did not end in 100 ms')
  })

  it('comes with the signal, before the start and after it', async () => {
    await expect(run('echo x', {}, { signal: AbortSignal.abort(new Error('over')) })).rejects.toThrow('over')
    const stop = new AbortController()
    const running = run('exec sleep 60', {}, { signal: stop.signal })
    stop.abort(new Error('over'))
    await expect(running).rejects.toThrow('over')
  })

  it('is not put off by what the command leaves running', async () => {
    const started = performance.now()
    expect(await run('echo first; sleep 20 & echo last')).toMatchObject({ stdout: 'first\nlast\n', exitCode: 0 })
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('leaves no listener at the signal of the task', async () => {
    const stop = new AbortController()
    for (let index = 0; index < 5; index++) await run('true', {}, { signal: stop.signal })
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  })
})
