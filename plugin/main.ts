#!/usr/bin/env node
/** The CLI's process edge. Nothing is imported before the version check: newer syntax would end in a stack trace. */
const WANTED = [22, 19] as const
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < WANTED[0] || (major === WANTED[0] && minor < WANTED[1])) {
  process.stderr.write(
    `error: Node.js ${process.versions.node} is too old (NODE_TOO_OLD)\n  install Node.js ${WANTED.join('.')} or newer\n`,
  )
  process.exit(2)
}

const [{ runCli, tellFailure }, { processEdge }] = await Promise.all([import('./cli.ts'), import('./process-edge.ts')])
// A reader that has seen enough (head) is no error; a full disk is one. Talk that nobody hears is only lost: the work goes on.
const edge = processEdge(process, {
  stdout: (error) => process.exit(error.code === 'EPIPE' ? undefined : tellFailure(error, edge, 'stdout')),
  stderr: () => undefined,
})
process.exitCode = await runCli(process.argv.slice(2), edge)
