import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

/** A spec with these entries, as a file. */
export function specFile(collectors: object[]): string {
  const spec = { apiVersion: 'troubleshoot.sh/v1beta2', kind: 'SupportBundle', metadata: { name: 'e2e' }, spec: { collectors } }
  const path = join(mkdtempSync(join(tmpdir(), 'spec-')), 'spec.json')
  writeFileSync(path, JSON.stringify(spec))
  return path
}

/** What is in a finished bundle: texts by path. Links are followed. */
export function filesIn(archive: string): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
  execFileSync('tar', ['-xzf', archive, '-C', folder, '--strip-components=1'])
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory())
  return Object.fromEntries(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return [relative(folder, path), readFileSync(path, 'utf8')]
    }),
  )
}
