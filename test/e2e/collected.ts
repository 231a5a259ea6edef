import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { goTool } from '../../tools/go-tool.ts'
import type { TestNode } from './use-node.ts'

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

const CLI = join(import.meta.dirname, '..', '..', 'dist', 'kubectl-support_bundle_schedule.js')

/** `collect` as a process of its own, to be ended by signals. `ended`: its exit code, or the signal's. */
export function startCollecting(node: TestNode, namespace: string, entries: object[], ...flags: string[]) {
  const to = join(mkdtempSync(join(tmpdir(), 'collected-')), 'bundle.tar.gz')
  const child = spawn(process.execPath, [CLI, 'collect', specFile(entries), '-n', namespace, '--to', to, ...flags], {
    env: { ...process.env, KUBECONFIG: node.info.kubeconfig },
    stdio: 'ignore',
  })
  const ended = new Promise<number | string>((resolve) => child.on('close', (code, signal) => resolve(code ?? signal ?? '')))
  return { pid: child.pid ?? 0, ended }
}

/** Processes that this one started. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

/** The same entries, collected by the peer, without redaction. */
export async function collectAsPeer(node: TestNode, namespace: string, entries: object[]): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'peer-'))
  const env = { ...process.env, KUBECONFIG: node.info.kubeconfig }
  const options = ['--interactive=false', '--auto-update=false', '--redact=false', '-n', namespace, '-o', join(folder, 'theirs')]
  execFileSync(await goTool('support-bundle'), [specFile(entries), ...options], {
    env,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return filesIn(join(folder, 'theirs.tar.gz'))
}
