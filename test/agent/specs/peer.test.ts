import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { LISTS, type MergedSpec } from '../../../agent/specs/document.ts'
import { mergeSpecs, redactorsOf, withClusterDefaults } from '../../../agent/specs/merge.ts'
import { parseDocuments } from '../../../agent/specs/parse.ts'
import { goTool } from '../../../tools/go-tool.ts'
import { makeFolder } from '../../support/cli.ts'

const run = promisify(execFile)
const FOLDER = join(import.meta.dirname, '../../fixtures/specs')
/** The first build of the peer takes minutes. */
const BUILD_MS = 1_200_000

/** What the peer makes of files otherwise than we do, and why. */
const OTHERWISE: Record<string, string> = {
  'ci-runner.yaml': 'an entry without a value ("clusterResources:") is lost there',
  'databases-v1beta3.yaml': 'values of Secrets are looked up before anything is shown',
}

type Lists = Partial<Record<(typeof LISTS)[number], Record<string, Record<string, unknown> | null>[]>>

/** What tells entries of one key apart, whatever defaults are written out. */
const identity = (key: string, config: Record<string, unknown> | null) =>
  JSON.stringify([key, ...['collectorName', 'name', 'checkName'].map((field) => config?.[field] || null)])
const theirs = (lists: Lists) =>
  LISTS.map((list) =>
    (lists[list] ?? []).flatMap((item) => Object.entries(item).map(([key, config]) => identity(key, config))).toSorted(),
  )
const ours = (merged: MergedSpec) => LISTS.map((list) => merged[list].map(({ key, config }) => identity(key, config)).toSorted())

describe('the peer, asked what it would run', () => {
  let peer = ''
  beforeAll(async () => void (peer = await goTool('support-bundle')), BUILD_MS)

  /** The documents that `--dry-run` prints. */
  async function dryRun(files: string[]) {
    const home = await makeFolder()
    const flags = ['--dry-run', '--auto-update=false', '--interactive=false', '--no-uri']
    const { stdout } = await run(peer, [...flags, ...files.map((file) => join(FOLDER, file))], {
      cwd: home,
      env: { HOME: home, KUBECONFIG: join(home, 'none') },
    })
    const documents = parseAllDocuments(stdout, { merge: true })
    return (Array.isArray(documents) ? documents : []).map(
      (one) => one.toJS() as { kind: string; spec: Lists & { redactors?: { name: string }[] } },
    )
  }
  const read = (files: string[]) =>
    files.flatMap((file) => parseDocuments(readFileSync(join(FOLDER, file), 'utf8'), file).documents)

  const same = readdirSync(FOLDER).filter((file) => !Object.hasOwn(OTHERWISE, file))
  it.each([...same.map((file) => [file]), same])('reads the same entries of %s', async (...files) => {
    const printed = await dryRun(files)
    const documents = read(files)
    const spec = printed.find(({ kind }) => kind === 'SupportBundle')?.spec ?? {}
    expect(ours(withClusterDefaults(mergeSpecs(documents)))).toEqual(theirs(spec))
    const redactors = printed.find(({ kind }) => kind === 'Redactor')?.spec.redactors ?? []
    expect(redactorsOf(documents).map(({ name }) => name)).toEqual(redactors.map(({ name }) => name))
  })
})
