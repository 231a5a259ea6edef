import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readArgs } from '../../agent/args.ts'
import { loadConfig, localAgent, type ProcessEdge } from '../../agent/local.ts'

let folder = ''
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'local-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const args = (...more: string[]) => readArgs(['--folder', folder, ...more])
async function config(text: string, name = 'config/scheduler.yaml'): Promise<string> {
  const path = join(folder, name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, text)
  return path
}

describe('the config of an agent', () => {
  it('is in the store folder; without a file all defaults hold', async () => {
    expect(loadConfig(args())).toMatchObject({ file: join(folder, 'config/scheduler.yaml'), config: { metricsPort: 9090 } })
    await config('metricsPort: 1234')
    expect(loadConfig(args()).config.metricsPort).toBe(1234)
  })

  it('that was named must be there', async () => {
    expect(() => loadConfig(args('--config', join(folder, 'missing.yaml')))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    )
    const path = await config('metricsPort: 7', 'mine.yaml')
    expect(loadConfig(args('--config', path)).config.metricsPort).toBe(7)
  })

  it('that cannot be read is said', async () => {
    await mkdir(join(folder, 'config/scheduler.yaml'), { recursive: true })
    expect(() => loadConfig(args())).toThrow(/EISDIR/)
  })

  it('is overridden by the command line', async () => {
    await config('logLevel: error\nlogFile: a.log\ncheckInterval: 1m\ndefaultMaxConcurrent: 1')
    const flags = ['--log-level', 'debug', '--log-file', 'b.log', '--check-interval', '5s', '--max-concurrent', '9']
    expect(loadConfig(args(...flags)).config).toMatchObject({
      logLevel: 'debug',
      logFile: 'b.log',
      checkInterval: '5s',
      defaultMaxConcurrent: 9,
    })
  })

  it.each([
    ['--log-level', 'loud', /logLevel/],
    ['--log-file', '', /logFile/],
    ['--check-interval', '0s', /checkInterval: is shorter than 1s/],
    ['--max-concurrent', 'many', /defaultMaxConcurrent/],
    ['--max-concurrent', '', /defaultMaxConcurrent/],
    ['--max-concurrent', '1.5', /defaultMaxConcurrent/],
  ])('refuses %s "%s", and says that the command line is wrong', (flag, value, why) => {
    const loading = () => loadConfig(args(`${flag}=${value}`))
    expect(loading).toThrow(why)
    expect(loading).toThrow(/^the command line: /)
  })
})

describe('an agent on this computer', () => {
  const stdout: string[] = []
  const process: ProcessEdge = {
    pid: 4_000_000,
    execPath: '/usr/bin/node',
    taskScript: '/task.js',
    env: {},
    homeFolder: '/nowhere',
    kill: () => undefined,
    memoryUsage: () => 5,
    cpuUsage: () => ({ user: 1_500_000, system: 500_000 }),
    writeStdout: (line) => stdout.push(line),
    onUncaught: () => undefined,
  }

  it('logs to stdout in the foreground, from the level on that its config has', () => {
    const agent = localAgent(args('--log-level', 'warn'), process)
    agent.log.info({}, 'not shown')
    agent.log.warn({ job: 'a' }, 'shown')
    agent.setLogLevel('info')
    agent.log.info({}, 'shown now')
    expect(stdout.map((line) => JSON.parse(line) as object)).toMatchObject([
      { level: 40, component: 'agent', job: 'a', msg: 'shown', time: expect.any(String) as string },
      { msg: 'shown now' },
    ])
    expect(agent.usage()).toEqual({ residentBytes: 5, cpuSeconds: 2 })
  })

  it('logs to its file in the background, below the store folder', async () => {
    localAgent(args('--background', '--log-file', 'logs/x.log'), process).log.info({}, 'here')
    expect(await readFile(join(folder, 'logs/x.log'), 'utf8')).toContain('here')
  })

  it('whose log cannot be opened says which setting to change', async () => {
    await writeFile(join(folder, 'logs'), 'a file in the way')
    expect(() => localAgent(args('--background'), process)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('logFile: ') as string }),
    )
  })

  it('has a new token and random numbers each time', () => {
    const agent = localAgent(args(), process)
    expect(agent.newToken()).not.toBe(agent.newToken())
    expect(agent.newToken()).toMatch(/^[\w-]{43}$/)
    const rolls = Array.from({ length: 100 }, () => agent.random())
    expect(rolls.every((roll) => roll >= 0 && roll < 1)).toBe(true)
    expect(new Set(rolls).size).toBeGreaterThan(90)
  })

  it('keeps second copies unless the config says no', async () => {
    const job = { kind: 'job' as const, namespace: '', name: 'a' }
    await localAgent(args(), process).store.create(job, { text: 'x' })
    expect(await readdir(join(folder, 'backups/jobs'))).toEqual(['a.json'])
    await config('storageConfig: {backupEnabled: false}')
    await localAgent(args(), process).store.create({ ...job, name: 'b' }, { text: 'x' })
    expect(await readdir(join(folder, 'backups/jobs'))).toEqual(['a.json'])
  })
})
