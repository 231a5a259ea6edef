import type { ArgsDef } from 'citty'
import { GLOBAL } from './flags.ts'
import type { Verb } from './verb.ts'
import { VERBS } from './verbs.ts'

/** The list of verbs. */
export function overview(program: string): string {
  const width = Math.max(...Object.keys(VERBS).map((name) => name.length)) + 3
  const verbs = Object.entries(VERBS).map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}\n`)
  return `Collects support bundles on a schedule, unattended, and proves that it did.

Usage:
  ${program} COMMAND [flags]

Commands:
${verbs.join('')}
"${program} COMMAND --help" tells more about a command.
Jobs and bundles of this computer are kept in $TROUBLESHOOT_SCHEDULER_DIR, by default ~/.troubleshoot/scheduler.
`
}

/** Help for one verb. */
export function verbHelp(program: string, verb: Verb<ArgsDef>): string {
  const all: ArgsDef = { ...verb.args, ...GLOBAL }
  const flags = Object.entries(all).filter(([, def]) => def.type !== 'positional')
  const left = flags.map(([name, def]) => {
    const alias = 'alias' in def && def.alias ? `-${[def.alias].flat()[0]}, ` : '    '
    return `${alias}--${name}${def.type === 'boolean' ? '' : ` ${def.valueHint ?? 'VALUE'}`}`
  })
  const width = Math.max(...left.map((text) => text.length)) + 3
  const lines = flags.map(([, def], index) => {
    const choices = 'options' in def && def.options ? ` (${def.options.join(', ')})` : ''
    return `  ${(left[index] ?? '').padEnd(width)}${def.description ?? ''}${choices}\n`
  })
  const examples = verb.examples?.length
    ? `\nExamples:\n${verb.examples.map((example) => `  ${program} ${example}\n`).join('')}`
    : ''
  return `${verb.about}\n\nUsage:\n  ${program} ${verb.usage}\n${examples}\nFlags:\n${lines.join('')}`
}
