import { join } from 'node:path'
import { asProblem, EXIT, fail, PROGRAM, ProductError } from '../core/errors.ts'
import { hint } from '../core/suggest.ts'
import type { CliEdge } from './cli-edge.ts'
import { readFlags } from './flags.ts'
import { overview, verbHelp } from './help.ts'
import { safe } from './output/text.ts'
import { VERBS } from './verbs.ts'

/** Runs a command line. Returns the exit code; whatever goes wrong is told on stderr: what, why, what to do, and its code. */
export async function runCli(argv: readonly string[], edge: CliEdge): Promise<number> {
  try {
    return await dispatch(argv, edge)
  } catch (error) {
    const problem = asProblem(error)
    edge.err(`error: ${safe(problem.message)} (${problem.code})\n`)
    if (problem.remedy) edge.err(`  ${safe(problem.remedy)}\n`)
    return error instanceof ProductError ? error.exitCode : EXIT.failed
  }
}

async function dispatch(argv: readonly string[], edge: CliEdge): Promise<number> {
  const [first, second] = argv
  if (first === undefined || ['--help', '-h', 'help'].includes(first)) {
    edge.out(overview(PROGRAM))
    return EXIT.ok
  }
  const name = findVerb(first, second)
  const verb = await VERBS[name]?.load()
  if (!verb) throw unknownCommand(first, second)
  const raw = argv.slice(name.includes(' ') ? 2 : 1)
  const { args, words, lists } = readFlags(name, `${PROGRAM} ${verb.usage}`, verb.args, verb.lists ?? [], raw)
  if (args['help']) {
    edge.out(verbHelp(PROGRAM, verb))
    return EXIT.ok
  }
  const list = (flag: string) => lists.get(flag) ?? []
  return (await verb.run({ args, words, list, edge, folder: localFolder(edge) })) ?? EXIT.ok
}

function findVerb(first: string, second: string | undefined): string {
  const name = `${first} ${second ?? ''}`
  if (name in VERBS) return name
  if (first in VERBS) return first
  const alias = Object.entries(VERBS).find(([, { aliases }]) => aliases?.includes(first))?.[0]
  if (alias) return alias
  throw unknownCommand(first, second)
}

function unknownCommand(first: string, second: string | undefined): ProductError {
  const isGroup = Object.keys(VERBS).some((name) => name.startsWith(`${first} `))
  const command = isGroup ? [first, second].filter((word) => word !== undefined).join(' ') : first
  return fail('USAGE_COMMAND_UNKNOWN', { command, hint: hint(command, Object.keys(VERBS)) })
}

/** Where the store of this computer is. */
function localFolder(edge: CliEdge): string {
  return edge.env['TROUBLESHOOT_SCHEDULER_DIR'] || join(edge.home, '.troubleshoot', 'scheduler')
}
