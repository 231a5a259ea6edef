import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { analyzeTask } from '../../../agent/task/analyze.ts'
import { ANALYZERS_FILE, encodeAnalyzers } from '../../../agent/task/own-analyzers.ts'
import { mergeSpecs } from '../../../agent/specs/merge.ts'
import { parseDocuments } from '../../../agent/specs/parse.ts'
import { asProblem } from '../../../core/errors.ts'
import { FakeClock } from '../../support/clock.ts'

const run = promisify(execFile)
const VERSION = 'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec: {versionNumber: x}\n'
const LOG = 'cluster-resources/pods/logs/shop/web/app.log'

const analyzer = (fileName: string, regex = 'ERROR') =>
  `  - textAnalyze: {checkName: '${fileName}', fileName: '${fileName}', regex: ${regex}, outcomes: [{fail: {when: 'true', message: bad}}, {pass: {when: 'false', message: good}}]}\n`
const specOf = (...analyzers: string[]) =>
  `apiVersion: troubleshoot.sh/v1beta2\nkind: Analyzer\nmetadata: {name: a}\nspec:\n  analyzers:\n${analyzers.join('')}`

let folder = ''
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sbs-analyze-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

async function write(files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

/** An archive of these folders and files, in this order. */
async function pack(...names: string[]): Promise<string> {
  await run('tar', ['czf', 'bundle.tar.gz', ...names], { cwd: folder })
  return join(folder, 'bundle.tar.gz')
}

async function analyze(bundle: string, ...specs: string[]) {
  const warnings: string[] = []
  const signal = new AbortController().signal
  const { analysis, counts, files } = await analyzeTask(
    {
      task: 'analyze',
      bundle,
      specs: specs.map((text, index) => ({ text, name: `spec ${index + 1}` })),
      pluginFolders: [],
    },
    { clock: new FakeClock(), signal, say: (message) => void (message.type === 'warning' && warnings.push(message.message)) },
  )
  return {
    lines: analysis.map(({ insight, severity }) => `${insight.primary} | ${severity} | ${insight.detail}`),
    counts,
    files,
    warnings,
  }
}

describe('analyzeTask', () => {
  it.each<[string, string]>([
    ['an archive', 'bundle.tar.gz'],
    ['the folder that it was unpacked to', '.'],
    ['its top folder', 'top'],
  ])('judges %s', async (_, name) => {
    await write({ 'top/version.yaml': VERSION, 'top/a/x.log': 'ERROR', 'top/a/y.log': 'fine' })
    const bundle = name === 'bundle.tar.gz' ? await pack('top') : join(folder, name)
    const result = await analyze(bundle, specOf(analyzer('a/x.log'), analyzer('a/y.log')))
    expect(result.lines).toEqual(['a/x.log | error | bad', 'a/y.log | debug | good'])
    expect(result.counts).toEqual({ pass: 1, warn: 0, fail: 1 })
    expect(result.files).toBe(3)
  })

  it.each(['archive', 'folder'])('reads a large file of an %s to its end', async (kind) => {
    await write({ 'top/version.yaml': VERSION, 'top/a.log': `${'fine\n'.repeat(4_000_000)}ERROR` })
    const bundle = kind === 'archive' ? await pack('top') : join(folder, 'top')
    expect((await analyze(bundle, specOf(analyzer('a.log', 'fine\\nERROR$')))).lines).toEqual(['a.log | error | bad'])
  })

  it('takes an archive without a top folder', async () => {
    await write({ 'version.yaml': VERSION, 'cluster-resources/x.log': 'ERROR' })
    const bundle = await pack('cluster-resources', 'version.yaml')
    expect((await analyze(bundle, specOf(analyzer('cluster-resources/x.log')))).lines).toEqual([
      'cluster-resources/x.log | error | bad',
    ])
  })

  it.each(['archive', 'folder'])('shows a file under the names of its links, wherever they stand in the %s', async (kind) => {
    await write({ 'top/version.yaml': VERSION, [`top/${LOG}`]: 'ERROR' })
    for (const name of ['before', 'zlast']) {
      await mkdir(join(folder, 'top', name))
      await symlink(`../${LOG}`, join(folder, 'top', name, 'app.log'))
    }
    await symlink('/etc/passwd', join(folder, 'top', 'before', 'out.log'))
    await symlink('../../../etc/passwd', join(folder, 'top', 'before', 'up.log'))
    const bundle =
      kind === 'archive'
        ? await pack('top/before', 'top/cluster-resources', 'top/version.yaml', 'top/zlast')
        : join(folder, 'top')
    const result = await analyze(bundle, specOf(analyzer('*/*.log', '.')))
    expect(result.lines).toEqual(['*/*.log | error | bad', '*/*.log | error | bad'])
  })

  it('takes several specs, and warns of what is wrong with them', async () => {
    await write({ 'top/version.yaml': VERSION })
    const result = await analyze(await pack('top'), specOf(analyzer('a.log')), specOf('  - wat: {}\n'))
    expect(result.lines).toEqual([
      'a.log | warn | No matching files',
      'wat | error | Analyzer Failed: there is no analyzer "wat"',
    ])
    expect(result.warnings).toEqual(expect.arrayContaining([expect.stringContaining('there is no analyzer "wat"')]))
  })

  it('judges by what the bundle was made with, if no spec is named', async () => {
    const spec = mergeSpecs(parseDocuments(specOf(analyzer('a.log')), 'x').documents, 'analyze')
    await write({ 'top/version.yaml': VERSION, 'top/a.log': 'ERROR', [`top/${ANALYZERS_FILE}`]: encodeAnalyzers(spec) ?? '' })
    expect((await analyze(await pack('top'))).lines).toEqual(['a.log | error | bad'])
  })

  it('leaves out, and says so, what one message to the parent does not hold', async () => {
    await write({ 'top/version.yaml': VERSION, 'top/a.log': 'ERROR' })
    const long = analyzer('a.log').replace('message: bad', `message: ${'x'.repeat(500_000)}`)
    const specs = Array.from({ length: 10 }, (_, at) => specOf(long.replace("checkName: 'a.log'", `checkName: check ${at}`)))
    const result = await analyze(await pack('top'), ...specs)
    expect([result.lines.length, result.counts.fail]).toEqual([6, 10])
    expect(result.warnings).toEqual(['4 of 10 results are left out: they are too many to be shown'])
  })

  it('has nothing to keep of a spec without analyzers', () => {
    const spec = { analyzers: [], hostAnalyzers: [], collectors: [], hostCollectors: [] }
    expect(encodeAnalyzers(spec)).toBeUndefined()
  })

  it.each<[string, string[], string[], string]>([
    ['no analyzers', [], ['top'], 'ANALYZERS_MISSING the bundle has no analyzers'],
    [
      'a spec without analyzers',
      [specOf().replace('analyzers:\n', 'analyzers: []\n')],
      ['top'],
      'ANALYZERS_MISSING spec 1 has no analyzers',
    ],
    ['a spec that is none', ['{{'], ['top'], 'SPEC_INVALID spec 1'],
    ['no bundle', [specOf(analyzer('a.log'))], ['other'], 'BUNDLE_NOT_READ'],
  ])('refuses %s', async (_, specs, names, want) => {
    await write({ 'top/version.yaml': VERSION, 'other/a.log': 'ERROR' })
    const failure = await analyze(await pack(...names), ...specs).catch((error: unknown) => asProblem(error))
    expect(`${(failure as { code: string }).code} ${(failure as { message: string }).message}`).toContain(want)
  })

  it('refuses an archive that ends in its middle', async () => {
    await write({ 'top/version.yaml': VERSION, 'top/a.log': Array.from({ length: 50_000 }, (_, n) => n * 7919).join() })
    const bundle = await pack('top')
    await run('truncate', ['-s', '20000', bundle])
    await expect(analyze(bundle, specOf(analyzer('a.log')))).rejects.toMatchObject({ code: 'BUNDLE_NOT_READ' })
  })
})
