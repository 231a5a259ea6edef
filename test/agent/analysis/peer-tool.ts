import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { analyzeTask } from '../../../agent/task/analyze.ts'
import { reasonOf } from '../../../core/errors.ts'
import { goTool } from '../../../tools/go-tool.ts'
import { FakeClock } from '../../support/clock.ts'
import { type Files, NOW } from './run-analyzer.ts'

const run = promisify(execFile)

/** `verdict | title | message` */
export type Line = string

/** The peer's program, or '' with a loud line when there is none. The first build takes minutes. */
export async function peerTool(what: string): Promise<string> {
  return goTool('support-bundle').catch((error: unknown) => {
    process.stderr.write(`\nSKIPPED: ${what} needs the peer's tool, and there is none: ${reasonOf(error)}\n`)
    return ''
  })
}

export interface Bundle {
  archive: string
  remove(): Promise<void>
}

/** A bundle with these files; what is not a text is written as JSON, `link:` texts as links. */
export async function makeBundle(files: Files): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'sbs-analyze-'))
  const top = join(folder, 'bundle')
  const all = {
    'version.yaml': 'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  versionNumber: test\n',
    ...files,
  }
  for (const [path, content] of Object.entries(all)) {
    await mkdir(dirname(join(top, path)), { recursive: true })
    await writeFile(join(top, path), typeof content === 'string' ? content : JSON.stringify(content))
  }
  const archive = join(folder, 'bundle.tar.gz')
  await run('tar', ['czf', archive, '-C', folder, 'bundle'])
  return { archive, remove: () => rm(folder, { recursive: true, force: true }) }
}

const specText = (spec: object): string =>
  JSON.stringify({ apiVersion: 'troubleshoot.sh/v1beta2', kind: 'SupportBundle', metadata: { name: 'x' }, spec })

/** What our task says of a bundle, and what it warned of. */
export async function ours(archive: string, spec: object): Promise<{ lines: Line[]; warnings: string[]; json: unknown[] }> {
  const warnings: string[] = []
  const request = {
    task: 'analyze',
    bundle: archive,
    specs: [{ text: specText(spec), name: 'spec' }],
    pluginFolders: [],
  } as const
  const { analysis } = await analyzeTask(
    { ...request, specs: [...request.specs], pluginFolders: [] },
    {
      clock: new FakeClock(NOW.toISOString()),
      signal: new AbortController().signal,
      say: (message) => void (message.type === 'warning' && warnings.push(message.message)),
    },
  )
  const lines = analysis.map(({ severity, insight }) => `${VERDICTS[severity]} | ${insight.primary} | ${insight.detail}`)
  return { lines, warnings, json: analysis }
}

const VERDICTS: Readonly<Record<string, string>> = { error: 'fail', warn: 'warn', debug: 'pass', '': 'none' }

interface PeerElement {
  severity: string
  insight: { primary: string; detail: string }
}

/** What the peer's `analyze` says of it. */
export async function peers(tool: string, archive: string, spec: object): Promise<{ lines: Line[]; json: unknown[] }> {
  const file = join(dirname(archive), 'spec.yaml')
  await writeFile(file, specText(spec))
  const args = ['analyze', file, '--bundle', archive, '--output', 'json', '--compatibility', 'support-bundle']
  const { stdout } = await run(tool, args, { env: { HOME: dirname(archive), PATH: process.env['PATH'] } })
  const json = JSON.parse(stdout) as PeerElement[]
  return {
    lines: json.map(({ severity, insight }) => `${VERDICTS[severity ?? '']} | ${insight.primary} | ${insight.detail}`),
    json,
  }
}
