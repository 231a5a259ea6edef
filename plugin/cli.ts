import { isAbsolute, join, resolve } from 'node:path'
import type { ArgsDef } from 'citty'
import { CATALOGUE } from '../core/catalogue/index.ts'
import { asProblem, type ErrorCode, EXIT, fail, isFailure, PROGRAM, ProductError } from '../core/errors.ts'
import { storeError } from '../core/store/file-system.ts'
import { hint } from '../core/suggest.ts'
import type { CliEdge } from './cli-edge.ts'
import { GLOBAL, readFlags } from './flags.ts'
import { groupHelp, overview, verbHelp } from './help.ts'
import { safe } from './output/text.ts'
import type { Verb } from './verb.ts'
import { verbsOfGroup, VERBS } from './verbs.ts'

/** Runs a command line. Returns the exit code; whatever goes wrong is told on stderr: what, why, what to do, and its code. */
export async function runCli(argv: readonly string[], edge: CliEdge): Promise<number> {
  try {
    return await dispatch(argv, edge)
  } catch (error) {
    return tellFailure(error, edge)
  }
}

/** Tells on stderr what went wrong, and returns the exit code. `path`: what a system error is about. */
export function tellFailure(error: unknown, edge: Pick<CliEdge, 'err'>, path?: string): number {
  const problem = asProblem(path === undefined ? error : storeError(error, path))
  edge.err(`error: ${safe(problem.message)} (${safe(problem.code)})\n`)
  if (problem.remedy) edge.err(`  ${safe(problem.remedy)}\n`)
  return exitCodeOf(problem.code, error)
}

/** An error that came from another process has its code, but not the rest of its entry. */
function exitCodeOf(code: string, error: unknown): number {
  if (Object.hasOwn(CATALOGUE, code)) return CATALOGUE[code as ErrorCode].exit
  return error instanceof ProductError ? error.exitCode : EXIT.failed
}

async function dispatch(argv: readonly string[], edge: CliEdge): Promise<number> {
  const { flags, word, rest } = nextWord(argv)
  const isHelp = word === 'help' || asksHelp(argv)
  if (word === 'help') return dispatch([...flags, ...rest, '--help'], edge)
  if (word === undefined) return print(edge, overview(PROGRAM))
  const group = verbsOfGroup(word)
  // A word may be a verb and the first of others: `install`, and `install namespace NAME`.
  const isVerbItself = Object.hasOwn(VERBS, word) && !group.includes(`${word} ${rest[0]}`)
  if (group.length > 0 && !isVerbItself) return dispatchGroup(word, group, { flags, rest }, isHelp, edge)
  const name = findVerb(word)
  if (name === undefined) throw unknownCommand(word)
  return runVerb(name, [...flags, ...rest], isHelp, edge)
}

function dispatchGroup(
  group: string,
  verbs: string[],
  { flags, rest }: Pick<Split, 'flags' | 'rest'>,
  isHelp: boolean,
  edge: CliEdge,
): number | Promise<number> {
  const inner = nextWord(rest)
  const name = `${group} ${inner.word}`
  if (verbs.includes(name)) return runVerb(name, [...flags, ...inner.flags, ...inner.rest], isHelp, edge)
  if (inner.word !== undefined) throw unknownCommand(name)
  if (isHelp) return print(edge, groupHelp(PROGRAM, group))
  const choices = verbs.map((verb) => verb.slice(group.length + 1)).join(', ')
  throw fail('USAGE_ARGUMENTS', { command: group, reason: `needs one of ${choices}`, usage: `${PROGRAM} ${group} COMMAND` })
}

async function runVerb(name: string, raw: string[], isHelp: boolean, edge: CliEdge): Promise<number> {
  const verb = (await VERBS[name]?.load()) as Verb<ArgsDef>
  if (isHelp) return print(edge, verbHelp(PROGRAM, verb))
  const { args, words, lists } = readFlags(name, `${PROGRAM} ${verb.usage}`, verb.args, verb.lists ?? [], raw)
  const list = (flag: string) => lists.get(flag) ?? []
  const context = {
    args,
    words,
    list,
    edge,
    get folder() {
      return localFolder(edge)
    },
  }
  return (await verb.run(context)) ?? EXIT.ok
}

function print(edge: CliEdge, text: string): number {
  edge.out(text)
  return EXIT.ok
}

interface Split {
  flags: string[]
  word: string | undefined
  rest: string[]
}

/** The next word of a command line. Before it only flags that every command takes may stand: which others take values is not known yet. */
function nextWord(argv: readonly string[]): Split {
  const at = argv.findIndex((token, index) => !token.startsWith('-') && !takesNext(argv[index - 1]))
  const flags = at < 0 ? [...argv] : argv.slice(0, at)
  try {
    readFlags('COMMAND', '', {}, [], flags)
  } catch (error) {
    if (!isFailure(error, 'USAGE_FLAG_UNKNOWN') || error.fields['hint']) throw error
    const flag = error.fields['flag'] ?? ''
    throw fail('USAGE_ARGUMENTS', { command: flag, reason: 'must stand behind the command', usage: `${PROGRAM} COMMAND [flags]` })
  }
  return { flags, word: at < 0 ? undefined : argv[at], rest: at < 0 ? [] : argv.slice(at + 1) }
}

/** `-n prod list`: a global flag that takes a value and has none yet takes the next word. */
function takesNext(token: string | undefined): boolean {
  return Object.entries(GLOBAL).some(
    ([name, def]) => def.type !== 'boolean' && (token === `--${name}` || ('alias' in def && token === `-${def.alias}`)),
  )
}

function asksHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end < 0 ? argv : argv.slice(0, end)).some((token) => token === '--help' || token === '-h')
}

function findVerb(word: string): string | undefined {
  if (Object.hasOwn(VERBS, word)) return word
  return Object.entries(VERBS).find(([, { aliases }]) => aliases.includes(word))?.[0]
}

function unknownCommand(command: string): ProductError {
  const known = Object.entries(VERBS).flatMap(([name, { aliases }]) => [name, ...aliases])
  const inGroup = known.find((name) => name.endsWith(` ${command}`))
  return fail('USAGE_COMMAND_UNKNOWN', { command, hint: inGroup ? `; did you mean "${inGroup}"?` : hint(command, known) })
}

/** Where the store of this computer is. */
function localFolder(edge: CliEdge): string {
  const named = edge.env['TROUBLESHOOT_SCHEDULER_DIR']
  if (!named) return join(edge.home, '.troubleshoot', 'scheduler')
  return isAbsolute(named) ? named : resolve(edge.cwd, named)
}
