/**
 * `npm run test:e2e`: makes sure that all parts of a node are there, then runs the tests with one, in namespaces of their own.
 * Arguments go to vitest: `npm run test:e2e -- node.test.ts -t logs`.
 */
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf } from '../../core/errors.ts'
import { goTool } from '../../tools/go-tool.ts'
import { IMAGE } from './installed.ts'
import { installPackages, missingPackages, whyUnable } from './machine.ts'
import { PROGRAMS } from './node.ts'
import { createSandbox } from './sandbox.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** One after the other: each build takes all cores. Within the namespaces there is no network to build from. */
async function makeReady(): Promise<void> {
  const missing = missingPackages()
  if (missing.length > 0) installPackages(missing)
  for (const name of PROGRAMS) await goTool(name)
  if (!isNewer(IMAGE, join(ROOT, 'dist', 'lib', 'agent.js')))
    execFileSync(process.execPath, [join(ROOT, 'tools', 'image', 'main.ts')], { stdio: ['ignore', 'ignore', 'inherit'] })
}

const modifiedAt = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
const isNewer = (path: string, than: string) => modifiedAt(path) > modifiedAt(than)

async function main(): Promise<number> {
  const reason = whyUnable()
  if (reason !== undefined) {
    // .ci/run looks for the first word of this line, and fails.
    process.stderr.write(`SKIPPED: the e2e tests need a Kubernetes node, and there can be none: ${reason}\n`)
    return 1
  }
  await makeReady()
  const sandbox = createSandbox()
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.once(signal, () => void sandbox.end().finally(() => process.exit(code)))
  }
  try {
    const vitest = [process.execPath, VITEST, 'run', '--config', join(ROOT, 'vitest.e2e.config.ts'), ...process.argv.slice(2)]
    return await sandbox.run(vitest, process.env)
  } finally {
    await sandbox.end()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`)
  process.exitCode = 1
}
