import type { AnalyzeResult } from '../../../agent/analysis/analyzer.ts'
import { createAnalyzers } from '../../../agent/analysis/create-analyzers.ts'
import type { Entry } from '../../../agent/specs/document.ts'

export type Files = Record<string, unknown>
type List = 'analyzers' | 'hostAnalyzers'

/** An entry of a spec, as the parser gives it. */
export const entry = (key: string, config: Record<string, unknown> = {}): Entry => ({
  key,
  config,
  isExcluded: false,
  source: 'test',
  line: 7,
})

/** When test bundles are analyzed. */
export const NOW = new Date('2026-05-01T00:00:00Z')

/** Runs one analyzer over a bundle of files; what is not a text is written as JSON. */
export function run(list: List, key: string, config: Record<string, unknown>, files: Files): AnalyzeResult[] {
  const { analyzers } = createAnalyzers({ analyzers: [], hostAnalyzers: [], [list]: [entry(key, config)] }, NOW)
  return analyzers.flatMap((analyzer) => {
    for (const [path, content] of Object.entries(files)) {
      const text = typeof content === 'string' ? content : JSON.stringify(content)
      if (analyzer.wants(path)) analyzer.file(path, new TextEncoder().encode(text))
    }
    return analyzer.finish()
  })
}

/** Whether a condition holds: `held`, `not`, or `error` when it cannot be evaluated. */
export function condition(list: List, key: string, when: string, files: Files, config: Record<string, unknown> = {}): string {
  const outcomes = [{ fail: { when, message: 'held' } }, { pass: { message: 'not' } }]
  const [result] = run(list, key, { ...config, outcomes }, files)
  return result?.message.startsWith('Analyzer Failed: cannot evaluate') ? 'error' : (result?.message ?? 'nothing')
}

/** `title | verdict | message` of each result. */
export const lines = (results: AnalyzeResult[]): string[] =>
  results.map(({ title, verdict, message }) => `${title} | ${verdict} | ${message}`)
