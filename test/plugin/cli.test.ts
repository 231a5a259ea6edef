import { describe, expect, it } from 'vitest'
import { CATALOGUE } from '../../core/catalogue/index.ts'
import { VERBS } from '../../plugin/verbs.ts'
import { makeCli, type Said } from '../support/cli.ts'

const NAMES = Object.keys(VERBS)

async function say(...argv: string[]): Promise<Said> {
  return (await makeCli()).run(...argv)
}

describe('help', () => {
  it.each([[[]], [['--help']], [['-h']], [['help']], [['help', 'help']], [['--local', '-h']]])(
    '%j lists all commands',
    async (argv) => {
      const { code, out, err } = await say(...argv)
      expect({ code, err }).toEqual({ code: 0, err: '' })
      for (const name of NAMES) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'))
    },
  )

  it.each(NAMES)('%s is explained wherever it is asked for', async (name) => {
    const words = name.split(' ')
    const wanted = await say(...words, '--help')
    expect(wanted).toMatchObject({ code: 0, err: '' })
    expect(wanted.out).toContain(`Usage:\n  kubectl support-bundle-schedule ${name}`)
    for (const argv of [
      ['-n', 'x', ...words, '--help'],
      ['--context=x', ...words, '-h'],
      ['help', ...words],
      ['-h', ...words],
      [...words, '-h'],
      [...words, 'a', 'b', '--bogus', '-h'],
      ['--local', ...words, '--help'],
    ])
      expect(await say(...argv), argv.join(' ')).toEqual(wanted)
  })

  it('explains an alias as what it stands for, and names it', async () => {
    const { out } = await say('describe', '-h')
    expect(out).toContain('kubectl support-bundle-schedule status JOB')
    expect(out).toContain('Aliases:\n  describe\n')
  })

  it('tells what holds without a flag', async () => {
    const { out } = await say('run', '-h')
    expect(out).toMatch(/--timeout DURATION .*\(default 1h\)/)
    expect((await say('create', '-h')).out).toMatch(/--analyze .*\(on by default; --no-analyze turns it off\)/)
  })

  it('every example is taken by its own verb', async () => {
    for (const [name, { load }] of Object.entries(VERBS)) {
      for (const example of (await load()).examples ?? []) {
        expect(example.startsWith(name), example).toBe(true)
        expect(example).not.toContain('kubectl')
      }
    }
  })
})

describe('the command', () => {
  it.each<[string[], string]>([
    [['creat'], 'error: unknown command "creat"; did you mean "create"? (USAGE_COMMAND_UNKNOWN)'],
    [['descibe', 'x'], 'error: unknown command "descibe"; did you mean "describe"? (USAGE_COMMAND_UNKNOWN)'],
    [['edit', 'x'], 'error: unknown command "edit" (USAGE_COMMAND_UNKNOWN)'],
    [['modify', 'x'], 'error: unknown command "modify" (USAGE_COMMAND_UNKNOWN)'],
    [['help', 'creat'], 'error: unknown command "creat"; did you mean "create"? (USAGE_COMMAND_UNKNOWN)'],
    [['daemon', 'strat'], 'error: unknown command "daemon strat"; did you mean "daemon start"? (USAGE_COMMAND_UNKNOWN)'],
    [['daemon', 'strat', '-h'], 'error: unknown command "daemon strat"; did you mean "daemon start"? (USAGE_COMMAND_UNKNOWN)'],
    [['start'], 'error: unknown command "start"; did you mean "daemon start"? (USAGE_COMMAND_UNKNOWN)'],
    [['constructor'], 'error: unknown command "constructor" (USAGE_COMMAND_UNKNOWN)'],
    [['__proto__'], 'error: unknown command "__proto__" (USAGE_COMMAND_UNKNOWN)'],
    [[''], 'error: unknown command "" (USAGE_COMMAND_UNKNOWN)'],
    [['\u001b[2J'], 'error: unknown command "\\u001b[2J" (USAGE_COMMAND_UNKNOWN)'],
    [['--bogus', 'list'], 'error: "--bogus" must stand behind the command (USAGE_ARGUMENTS)'],
    [['-o', 'yaml', 'list'], 'error: "-o" must stand behind the command (USAGE_ARGUMENTS)'],
    [['--lcoal', 'list'], 'error: unknown flag "--lcoal" for "COMMAND"; did you mean "--local"? (USAGE_FLAG_UNKNOWN)'],
    [['daemon'], 'error: "daemon" needs one of start, stop, restart, reload, status (USAGE_ARGUMENTS)'],
    [['daemon', '--local'], 'error: "daemon" needs one of start, stop, restart, reload, status (USAGE_ARGUMENTS)'],
    [['daemon', 'stop', 'now'], 'error: "daemon stop" does not take "now" (USAGE_ARGUMENTS)'],
    [['list'], 'error: no kubeconfig was found at /nope/config, and a store in a cluster needs one (KUBECONFIG_MISSING)'],
    [
      ['list', '--no-local'],
      'error: no kubeconfig was found at /nope/config, and a store in a cluster needs one (KUBECONFIG_MISSING)',
    ],
    [
      ['-n', 'prod', 'list'],
      'error: no kubeconfig was found at /nope/config, and a store in a cluster needs one (KUBECONFIG_MISSING)',
    ],
    [['--namespace'], 'error: flag "--namespace" needs a value (USAGE_FLAG_VALUE)'],
    [['list', '--local', 'x'], 'error: "list" does not take "x" (USAGE_ARGUMENTS)'],
    [
      ['list', '--local', '-o', 'xml'],
      'error: flag "-o" takes one of table, wide, json, yaml, name or jsonpath=… (USAGE_FLAG_VALUE)',
    ],
    [
      ['list', '--local', '-o', 'jsonpath'],
      'error: flag "-o" takes one of table, wide, json, yaml, name or jsonpath=… (USAGE_FLAG_VALUE)',
    ],
    [
      ['version', '--output', 'xml'],
      'error: flag "-o" takes one of table, wide, json, yaml, name or jsonpath=… (USAGE_FLAG_VALUE)',
    ],
  ])('%j', async (argv, want) => {
    const { code, out, err } = await say(...argv)
    expect(err.split('\n')[0]).toBe(want)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err.split('\n')[1]).toMatch(/^ {2}\S/)
  })

  it('daemon -h lists its commands', async () => {
    const { code, out } = await say('daemon', '-h')
    expect(code).toBe(0)
    expect(out.match(/^ {2}daemon \w+/gm)).toHaveLength(5)
  })

  it('knows the words of kubectl users', async () => {
    const cli = await makeCli()
    await cli.out('create', 'a', '--local', '--cron', '@daily')
    for (const alias of ['get', 'ls']) expect(await cli.out(alias, '--local')).toBe(await cli.out('list', '--local'))
    expect(await cli.out('describe', 'a', '--local')).toBe(await cli.out('status', 'a', '--local'))
    expect(await cli.out('suspend', 'a', '--local')).toBe('job "a" disabled\n')
    expect(await cli.out('resume', 'a', '--local')).toBe('job "a" enabled\n')
  })

  it('takes --local before or behind the words', async () => {
    const cli = await makeCli()
    await cli.out('--local', 'create', 'a', '--cron', '@daily')
    const wanted = await cli.out('list', '--local')
    expect(await cli.out('--local', 'list')).toBe(wanted)
    expect(await cli.out('--local=true', 'list')).toBe(wanted)
    expect(await cli.out('-n', 'x', '--local', '--context', 'y', 'list')).toBe(wanted)
  })
})

describe('the store folder', () => {
  it('is $TROUBLESHOOT_SCHEDULER_DIR, also a relative one, else ~/.troubleshoot/scheduler', async () => {
    const cli = await makeCli()
    const folderOf = async (env: Record<string, string>) => {
      const other = await makeCli({ env, cwd: cli.cwd, home: '/home/someone' })
      return (JSON.parse((await other.run('daemon', 'status', '-o', 'json')).out) as { folder: string }).folder
    }
    expect(await folderOf({ TROUBLESHOOT_SCHEDULER_DIR: '/x/y' })).toBe('/x/y')
    expect(await folderOf({ TROUBLESHOOT_SCHEDULER_DIR: 'x' })).toBe(`${cli.cwd}/x`)
    expect(await folderOf({})).toBe('/home/someone/.troubleshoot/scheduler')
    expect(await folderOf({ TROUBLESHOOT_SCHEDULER_DIR: '' })).toBe('/home/someone/.troubleshoot/scheduler')
  })
})

it('the catalogue holds texts that can be filled, with what to do', () => {
  for (const [code, { message, remedy }] of Object.entries(CATALOGUE)) {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
    expect(`${message}${remedy}`.replaceAll(/\{\w+\}/g, ''), code).not.toMatch(/[{}]/)
    expect(remedy, code).not.toBe('')
  }
})
