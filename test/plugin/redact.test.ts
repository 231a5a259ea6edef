import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { makeCli } from '../support/cli.ts'

/** The verb through the built task program. */

const REDACTOR = `apiVersion: troubleshoot.sh/v1beta2
kind: Redactor
metadata: {name: pins}
spec:
  redactors:
    - name: pins
      removals: {regex: [{redactor: '(pin )(?P<mask>[0-9]+)'}]}
`

async function withFolder() {
  const cli = await makeCli()
  await mkdir(join(cli.cwd, 'b'))
  await writeFile(join(cli.cwd, 'b/a.txt'), 'password=hunter2\npin 4711\n')
  await cli.file('r.yaml', REDACTOR)
  return cli
}
const contentOf = async (file: string) => gunzipSync(await readFile(file)).toString()

describe('redact', () => {
  it('prints where the copy is, and says what was masked', { timeout: 20_000 }, async () => {
    const cli = await withFolder()
    const said = await cli.run('redact', 'b', '--to', 'safe.tar.gz', '--redactors', 'r.yaml')
    const target = join(cli.cwd, 'safe.tar.gz')
    expect(said).toMatchObject({ code: 0, out: `${target}\n` })
    expect(said.err).toMatch(/Masked: +2 places in 1 files/)
    expect(said.err).toMatch(/custom: pins +1/)
    const text = await contentOf(target)
    expect(text).toMatch(/password=\*{3}HIDDEN-[0-9a-f]{16}\*{3}\npin \*{3}HIDDEN-/)
    expect(await readdir(join(cli.folder, 'config'))).toEqual(['token.key'])
    expect((await readdir(cli.cwd)).toSorted()).toEqual(['b', 'r.yaml', 'safe.tar.gz'])
    expect(await readFile(join(cli.cwd, 'b/a.txt'), 'utf8')).toBe('password=hunter2\npin 4711\n')
  })

  it('gives the same tokens next time, and all of it as data', { timeout: 20_000 }, async () => {
    const cli = await withFolder()
    const first = JSON.parse(await cli.out('redact', 'b', '-o', 'json')) as { archive: { path: string } }
    const second = JSON.parse(await cli.out('redact', 'b', '-o', 'json')) as { archive: { path: string }; leftOut: unknown[] }
    expect([first.archive.path, second.archive.path]).toEqual([
      join(cli.cwd, 'redacted-b.tar.gz'),
      join(cli.cwd, 'redacted-b-2.tar.gz'),
    ])
    expect(second).toMatchObject({ redaction: { rules: { 'key-value-bare': 1 } }, leftOut: [] })
    const tokenIn = (text: string) => /HIDDEN-[0-9a-f]{16}/.exec(text)?.[0]
    expect(tokenIn(await contentOf(first.archive.path))).toBe(tokenIn(await contentOf(second.archive.path)))
  })

  it.each<[string, string[], number, RegExp]>([
    ['a file that is there', ['b', '--to', 'taken.tar.gz'], 2, /is there/],
    ['a place inside the original', ['b', '--to', 'b/x.tar.gz'], 2, /inside/],
    ['a bundle that is not there', ['nope'], 3, /no such file/],
    ['redactors that are not there', ['b', '--redactors', 'nope.yaml'], 3, /nope\.yaml/],
    ['redactors that are none', ['b', '--redactors', 'spec.yaml'], 2, /no Redactor/],
    ['redactors that cannot work', ['b', '--redactors', 'bad.yaml'], 2, /not supported/],
    ['what is no bundle', ['r.yaml'], 2, /cannot be read/],
  ])('refuses %s, and leaves nothing', { timeout: 20_000 }, async (_, words, code, want) => {
    const cli = await withFolder()
    await cli.file('taken.tar.gz', 'mine')
    await cli.file(
      'spec.yaml',
      'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec: {collectors: [{data: {name: a, data: b}}]}\n',
    )
    await cli.file('bad.yaml', REDACTOR.replace('(pin )', '(?=pin)'))
    const before = await readdir(cli.cwd, { recursive: true })
    const said = await cli.run('redact', ...words)
    expect(said).toMatchObject({ code, out: '' })
    expect(said.err).toMatch(want)
    expect(await readdir(cli.cwd, { recursive: true })).toEqual(before)
    expect(await readFile(join(cli.cwd, 'taken.tar.gz'), 'utf8')).toBe('mine')
  })
})
