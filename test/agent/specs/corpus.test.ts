import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inspectTask } from '../../../agent/task/inspect.ts'
import { FakeClock } from '../../support/clock.ts'
import { sourceLoader } from '../../support/source-loader.ts'

const FOLDER = join(import.meta.dirname, '../../fixtures/specs')
const loader = await sourceLoader()

async function inspect(file: string) {
  const source = { text: readFileSync(join(FOLDER, file), 'utf8'), name: file }
  const edge = { loader, platform: 'linux', clock: new FakeClock(), signal: new AbortController().signal, fetch }
  const result = await inspectTask({ task: 'inspect-spec', sources: [source], targets: [], pluginFolders: [] }, edge)
  const of = (severity: string) => result.issues.filter((issue) => issue.severity === severity)
  return { ...result, errors: of('error'), warnings: of('warning') }
}
const UNSUPPORTED = ['COLLECTOR_UNSUPPORTED', 'ANALYZER_UNSUPPORTED']
/** What is said of how a file is written, as `line:column code`. */
const SAID: Record<string, string[]> = {
  'ci-runner.yaml': [
    '10:9 COLLECTOR_CONFIG',
    '14:11 COLLECTOR_CONFIG',
    '15:7 SPEC_ENTRY_EMPTY',
    '16:81 SPEC_EXCLUDE',
    '20:9 ANALYZER_CONFIG',
    '22:9 ANALYZER_CONFIG',
    '25:63 ANALYZER_CONFIG',
    '27:3 SPEC_KEY_UNKNOWN',
    '28:1 SPEC_KEY_MISPLACED',
  ],
  'config-map-envelope.yaml': ['32:1 SPEC_KIND_UNUSED'],
  'kubernetes-installer.yaml': ['37:18 SPEC_EXCLUDE'],
  'several-documents.yaml': ['37:13 SPEC_SKIPPED'],
}

describe('specs as vendors ship them', () => {
  const files = readdirSync(FOLDER)
  it('are ten and more', () => expect(files.length).toBeGreaterThanOrEqual(10))

  it.each(files)('%s is read without an error, and nothing of it is dropped in silence', async (file) => {
    const { errors, warnings, collectors, documents } = await inspect(file)
    expect(errors).toEqual([])
    const about = warnings.filter(({ code }) => !UNSUPPORTED.includes(code))
    const places = about.map(({ line, column, code }) => ({ line: line ?? 0, column: column ?? 1, code }))
    const sorted = places.toSorted((a, b) => a.line - b.line || a.column - b.column)
    expect(sorted.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual(SAID[file] ?? [])
    expect(documents.length).toBeGreaterThan(0)
    expect(collectors.filter(({ state }) => state === 'invalid')).toEqual([])
    const unsupported = collectors.filter(({ state }) => state === 'unsupported').map(({ key }) => key)
    expect(warnings.filter(({ code }) => code === 'COLLECTOR_UNSUPPORTED')).toHaveLength(unsupported.length)
  })
})
