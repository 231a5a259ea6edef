import type { Analyzer, AnalyzeResult } from './analyzer.ts'
import type { Report } from './define.ts'
import { compileGlob } from './text/glob.ts'

/** What an analyzer keeps of each of its files, by path: facts, not the file. */
interface Gather<Facts> {
  wants: (path: string) => boolean
  read: (path: string, bytes: Uint8Array) => Facts
  /** in the order of the paths */
  judge: (facts: readonly Facts[], paths: readonly string[]) => AnalyzeResult[]
}

/** An analyzer of any number of files, which may be none. */
export function gather<Facts>({ wants, read, judge }: Gather<Facts>): Analyzer {
  const found = new Map<string, Facts>()
  return {
    wants,
    file: (path, bytes) => void found.set(path, read(path, bytes)),
    finish() {
      const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1))
      return judge(
        sorted.map(([, facts]) => facts),
        sorted.map(([path]) => path),
      )
    },
  }
}

interface OneFile<Facts> {
  path: string
  read: (path: string, bytes: Uint8Array) => Facts
  judge: (facts: Facts) => AnalyzeResult[]
  /** results when there is no such file; by default a warning that says so */
  ifMissing?: () => AnalyzeResult[]
}

/** An analyzer of one file. */
export function ofFile<Facts>({ path, read, judge, ifMissing }: OneFile<Facts>, report: Report): Analyzer {
  return gather({
    wants: (candidate) => candidate === path,
    read: (_, bytes) => ({ facts: read(path, bytes) }),
    judge: ([found]) => (found ? judge(found.facts) : (ifMissing?.() ?? [notCollected(report, path)])),
  })
}

/** The check cannot be made, which is no verdict on what it checks. */
export const notCollected = (report: Report, path: string): AnalyzeResult =>
  report({ verdict: 'warn', message: `Not checked: ${path} was not collected`, uri: '' })

/** Paths `<folder>/<namespace>.json`: of the named namespaces, or of all if none is named. */
export function namespaceFiles(folder: string, namespaces: readonly string[]): (path: string) => boolean {
  const named = namespaces.filter((name) => name !== '')
  if (named.length === 0) return compileGlob(`${folder}/*.json`)
  const paths = new Set(named.map((name) => `${folder}/${name}.json`))
  return (path) => paths.has(path)
}
