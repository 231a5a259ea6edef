import type { ArgDef, ArgsDef } from 'citty'
import { GLOBAL, isBare } from './flags.ts'
import { KUBE_FLAGS, SHOWN_KUBE_FLAGS } from './kube-flags.ts'
import type { Verb } from './verb.ts'
import { VERBS, type VerbEntry, verbsOfGroup } from './verbs.ts'

/** The list of verbs. */
export function overview(program: string): string {
  return `Collects support bundles on a schedule, unattended, and proves that it did.

Usage:
  ${program} COMMAND [flags]

Commands:
${verbLines(Object.entries(VERBS))}
"${program} COMMAND --help" tells more about a command.
Jobs and bundles of this computer are kept in $TROUBLESHOOT_SCHEDULER_DIR, by default ~/.troubleshoot/scheduler.
`
}

/** The list of verbs behind one word, like `daemon`. */
export function groupHelp(program: string, group: string): string {
  const verbs = verbsOfGroup(group)
  return `Usage:
  ${program} ${group} COMMAND [flags]

Commands:
${verbLines(Object.entries(VERBS).filter(([name]) => verbs.includes(name)))}
"${program} ${group} COMMAND --help" tells more about a command.
`
}

function verbLines(verbs: [string, VerbEntry][]): string {
  const width = Math.max(...verbs.map(([name]) => name.length)) + 3
  return verbs.map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}\n`).join('')
}

/** Help for one verb. */
export function verbHelp(program: string, verb: Verb<ArgsDef>): string {
  const all: ArgsDef = { ...verb.args, ...GLOBAL }
  const isShown = (name: string) => !(name in KUBE_FLAGS) || SHOWN_KUBE_FLAGS.includes(name)
  const flags = Object.entries(all).filter(([name, def]) => def.type !== 'positional' && isShown(name))
  const left = flags.map(([name, def]) => {
    const alias = 'alias' in def && def.alias ? `-${[def.alias].flat()[0]}, ` : '    '
    return `${alias}--${name}${def.type === 'boolean' ? '' : `${isBare(def) ? '' : ' '}${def.valueHint ?? 'VALUE'}`}`
  })
  const width = Math.max(...left.map((text) => text.length)) + 3
  const lines = flags.map(
    ([name, def], index) => `  ${(left[index] ?? '').padEnd(width)}${def.description ?? ''}${notes(name, def)}\n`,
  )
  const examples = verb.examples?.length
    ? `\nExamples:\n${verb.examples.map((example) => `  ${program} ${example}\n`).join('')}`
    : ''
  return `${verb.about}\n\nUsage:\n  ${program} ${verb.usage}\n${aliasLine(verb)}${examples}\nFlags:\n${lines.join('')}`
}

/** What a flag takes, and what holds without it. */
function notes(name: string, def: ArgDef): string {
  const choices = 'options' in def && def.options ? ` (${def.options.join(', ')})` : ''
  if (def.type === 'boolean') return def.default === true ? ` (on by default; --no-${name} turns it off)` : ''
  return def.type === 'string' && def.default !== undefined ? `${choices} (default ${def.default})` : choices
}

function aliasLine(verb: Verb<ArgsDef>): string {
  const aliases = Object.entries(VERBS).find(([name]) => `${verb.usage} `.startsWith(`${name} `))?.[1].aliases ?? []
  return aliases.length > 0 ? `\nAliases:\n  ${aliases.join(', ')}\n` : ''
}
