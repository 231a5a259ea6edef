import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Cli, makeCli } from '../support/cli.ts'

const spec = (when: string) =>
  `apiVersion: troubleshoot.sh/v1beta2\nkind: Analyzer\nmetadata: {name: a}\nspec:\n  analyzers:\n  - clusterVersion: {outcomes: [{fail: {when: '${when}', message: too old}}, {pass: {message: new}}]}\n`

/** A CLI beside a bundle, and the task program that was built. */
async function withBundle(): Promise<Cli> {
  const cli = await makeCli()
  await mkdir(join(cli.cwd, 'b/cluster-info'), { recursive: true })
  await writeFile(join(cli.cwd, 'b/version.yaml'), 'kind: SupportBundle\n')
  await writeFile(join(cli.cwd, 'b/cluster-info/cluster_version.json'), '{"string":"v1.30.1"}')
  execFileSync('tar', ['czf', 'b.tar.gz', 'b'], { cwd: cli.cwd })
  await cli.file('old.yaml', spec('< 1.40.0'))
  await cli.file('new.yaml', spec('< 1.20.0'))
  return cli
}

describe('analyze', () => {
  it('prints a table, counts on stderr, and ends with 7 when something failed', async () => {
    const cli = await withBundle()
    const said = await cli.run('analyze', 'b.tar.gz', '--spec', 'old.yaml', '--spec', 'new.yaml')
    expect(said).toEqual({
      code: 7,
      out: 'VERDICT   CHECK                         MESSAGE\nFAIL      Required Kubernetes Version   too old\npass      Required Kubernetes Version   new\n',
      err: '1 pass, 0 warn, 1 fail\n',
    })
  })

  it('ends with 0 when nothing failed; takes a folder and a spec from stdin', async () => {
    const cli = await withBundle()
    expect(await cli.pipe(spec('< 1.20.0'), 'analyze', 'b', '--spec', '-')).toMatchObject({
      code: 0,
      err: '1 pass, 0 warn, 0 fail\n',
    })
  })

  it("-o json is the peer's analysis.json", async () => {
    const cli = await withBundle()
    const said = await cli.run('analyze', 'b.tar.gz', '--spec', 'old.yaml', '-o', 'json')
    expect(JSON.parse(said.out)).toMatchObject([
      {
        name: 'required.kubernetes.version',
        labels: { desiredPosition: '1', iconKey: 'kubernetes_cluster_version' },
        insight: { primary: 'Required Kubernetes Version', detail: 'too old', severity: 'error' },
        severity: 'error',
        analyzerSpec: '',
        error: 'too old',
      },
    ])
    expect(await cli.out('analyze', 'b.tar.gz', '--spec', 'new.yaml', '-o', 'name')).toBe('required.kubernetes.version\n')
    expect(await cli.out('analyze', 'b.tar.gz', '--spec', 'new.yaml', '-o', 'yaml')).toContain('severity: debug')
  })

  it.each<[string, string[], number, RegExp]>([
    [
      'a missing bundle',
      ['nope', '--spec', 'new.yaml'],
      3,
      /file "nope" cannot be read: there is no such file \(FILE_NOT_FOUND\)/,
    ],
    ['a missing spec', ['b', '--spec', 'nope.yaml'], 3, /"nope.yaml" cannot be read.*FILE_NOT_FOUND/],
    ['a bundle without analyzers', ['b'], 2, /the bundle has no analyzers \(ANALYZERS_MISSING\)\n.*analyze BUNDLE --spec FILE/],
    ['what is no bundle', ['old.yaml', '--spec', 'new.yaml'], 2, /old\.yaml cannot be read: .*\(BUNDLE_NOT_READ\)/],
    ['a memory that is none', ['b', '--spec', 'new.yaml', '--memory', 'much'], 2, /--memory/],
    ['stdin twice', ['b', '--spec', '-', '--spec', '-'], 2, /can read stdin only once/],
  ])('refuses %s', async (_, args, code, message) => {
    const cli = await withBundle()
    const said = await cli.run('analyze', ...args)
    expect(said).toMatchObject({ code, out: '' })
    expect(said.err).toMatch(message)
  })
})
