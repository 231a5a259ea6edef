import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { makeCli, makeFolder, PROGRAM_FILE, startProgram } from '../support/cli.ts'
import { putJob, putStatus } from './records.ts'

/** The packages whose code a run of the built program has loaded: V8 lists the scripts, the build names what is in them. */
async function packagesOf(argv: string[], folder: string): Promise<Set<string>> {
  const coverage = await makeFolder()
  const ended = await startProgram(argv, { folder, env: { NODE_V8_COVERAGE: coverage } }).ended
  expect(ended.code, ended.err).toBe(0)
  const packages = new Set<string>()
  let scripts = 0
  for (const file of await readdir(coverage)) {
    const { result } = JSON.parse(await readFile(join(coverage, file), 'utf8')) as { result: { url: string }[] }
    for (const { url } of result.filter((script) => script.url.startsWith('file:'))) {
      scripts++
      const text = await readFile(fileURLToPath(url), 'utf8')
      for (const [, name] of text.matchAll(/^ *\/\/ (?:\.\.\/)*.*?node_modules\/((?:@[\w-]+\/)?[\w.-]+)\//gm))
        packages.add(name ?? '')
    }
  }
  expect(scripts).toBeGreaterThan(0)
  return packages
}

it('list of jobs that an agent has seen loads no schema, no YAML and no cron library', async () => {
  const cli = await makeCli()
  for (const name of ['a', 'b']) await putStatus(cli.store, await putJob(cli.store, name))
  const heavy = /zod|yaml|croner|pino|hono/
  for (const argv of [['list', '--local'], ['list', '--local', '-o', 'json'], ['--help']])
    expect(
      [...(await packagesOf(argv, cli.folder))].filter((name) => heavy.test(name)),
      argv.join(' '),
    ).toEqual([])
})

it('a job that none has seen has to be read, which is how this test knows that it sees anything', async () => {
  const cli = await makeCli()
  await putJob(cli.store, 'a')
  expect([...(await packagesOf(['list', '--local'], cli.folder))]).toEqual(expect.arrayContaining(['zod', 'yaml', 'croner']))
})

it('the program can be started by kubectl: it is executable, and names its interpreter', async () => {
  expect((await readFile(PROGRAM_FILE, 'utf8')).split('\n')[0]).toBe('#!/usr/bin/env node')
  expect((await stat(PROGRAM_FILE)).mode & 0o111).toBe(0o111)
})
