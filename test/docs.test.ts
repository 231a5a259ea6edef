import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { PROGRAM } from '../core/errors.ts'
import { readFlags } from '../plugin/flags.ts'
import { VERBS } from '../plugin/verbs.ts'
import { renderDocs } from '../tools/docs.ts'
import { PROGRAM_FILE } from './support/cli.ts'
import { makePlace } from './support/daemon.ts'

const execute = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const PAGES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

describe('generated references', async () => {
  it.each([...(await renderDocs())])('%s is what "npm run docs" writes', (path, text) => {
    expect(read(path)).toBe(text)
  })
})

/** Lines of the blocks of a page that call the program, each with whether it is to be run here. */
function commandsOf(page: string): { line: string; isRun: boolean }[] {
  return [...read(page).matchAll(/^```sh( no-run)?\n([^]*?)^```$/gm)].flatMap(([, noRun, block = '']) =>
    block
      .split('\n')
      .filter((line) => line.startsWith(PROGRAM))
      .map((line) => ({ line, isRun: noRun === undefined })),
  )
}

const withCommands = PAGES.map((page) => [page, commandsOf(page)] as const).filter(([, commands]) => commands.length > 0)

/** A `kubectl` that is nothing but our program: kubectl would hand it the same words. */
async function makeKubectl(folder: string, program: string): Promise<string> {
  await mkdir(join(folder, 'bin'), { recursive: true })
  await writeFile(join(folder, 'bin', 'kubectl'), `#!/bin/sh\nshift\nexec ${program} "$@"\n`)
  await chmod(join(folder, 'bin', 'kubectl'), 0o755)
  return `${join(folder, 'bin')}:${process.env['PATH']}`
}

describe('commands in the docs', () => {
  it('there are some in the README and in the quick start', () => {
    expect(withCommands.map(([page]) => page)).toEqual(expect.arrayContaining(['README.md', 'docs/quick-start.md']))
  })

  it.each(withCommands)('%s: each line works, one after the other, in a new folder', async (_, commands) => {
    const place = await makePlace()
    const PATH = await makeKubectl(place.cwd, `"${process.execPath}" "${PROGRAM_FILE}"`)
    const env = { ...process.env, PATH, TROUBLESHOOT_SCHEDULER_DIR: place.folder }
    for (const { line } of commands.filter(({ isRun }) => isRun)) {
      const said = await execute('sh', ['-c', line], { env, cwd: place.cwd }).catch((error: Error & { stderr?: string }) => error)
      expect(said instanceof Error ? `${line}: ${said.stderr}` : 'worked').toBe('worked')
    }
    if (await place.daemonPid()) expect((await place.run('daemon', 'stop')).code).toBe(0)
  })

  it.each(withCommands)('%s: no line names a command or a flag that there is not', async (_, commands) => {
    const place = await makePlace()
    const PATH = await makeKubectl(place.cwd, `"${process.execPath}" -p "JSON.stringify(process.argv.slice(1))" --`)
    for (const { line } of commands) {
      const { stdout } = await execute('sh', ['-c', line.replace(/ [|<>&].*$/, '')], { env: { ...process.env, PATH } })
      const words = JSON.parse(stdout) as string[]
      const name = [words.slice(0, 2).join(' '), words[0] ?? ''].find((one) => Object.hasOwn(VERBS, one))
      expect(name, line).toBeDefined()
      const verb = await VERBS[name ?? '']?.load()
      if (verb) readFlags(name ?? '', line, verb.args, verb.lists ?? [], words.slice(name?.split(' ').length))
    }
  })
})

it.each(PAGES)('%s: what it links to is there', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
  expect(links.filter((link) => !existsSync(join(ROOT, dirname(page), link)))).toEqual([])
})
