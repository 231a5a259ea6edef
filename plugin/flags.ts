import { type ArgDef, type ArgsDef, parseArgs, type ParsedArgs } from 'citty'
import { fail } from '../core/errors.ts'
import { hint } from '../core/suggest.ts'
import { KUBE_FLAGS } from './kube-flags.ts'

/** Flags that every verb takes. */
export const GLOBAL = {
  local: { type: 'boolean', description: 'use the store on this computer' },
  ...KUBE_FLAGS,
  help: { type: 'boolean', alias: 'h', description: 'show this help' },
} as const satisfies ArgsDef

export interface Flags<Args extends ArgsDef> {
  args: ParsedArgs<Args & typeof GLOBAL>
  words: string[]
  lists: Map<string, string[]>
}

/**
 * A strict reading of the command line, in front of citty, which takes unknown flags, missing values and superfluous words
 * without a word. Throws USAGE_FLAG_UNKNOWN, USAGE_FLAG_VALUE, USAGE_ARGUMENTS.
 */
export function readFlags<Args extends ArgsDef>(
  command: string,
  usage: string,
  args: Args,
  lists: readonly string[],
  raw: readonly string[],
): Flags<Args> {
  const all: ArgsDef = { ...GLOBAL, ...args }
  const given: Given[] = []
  const words: string[] = []
  const rest = [...raw]
  for (let token = rest.shift(); token !== undefined; token = rest.shift()) {
    if (token === '--') words.push(...rest.splice(0))
    else if (!token.startsWith('-') || token === '-') words.push(token)
    else given.push(...readToken(command, all, token, rest))
  }
  if (!given.some(([name, value]) => name === 'help' && value === true)) checkWords(command, usage, all, words)
  const values = new Map<string, string[]>()
  for (const [name, value] of given) values.set(name, [...(values.get(name) ?? []), String(value)])
  for (const [name, found] of values)
    if (found.length > 1 && name !== 'help' && name !== 'as-group' && !lists.includes(name))
      throw fail('USAGE_FLAG_VALUE', { flag: `--${name}`, command, reason: 'was given more than once' })
  const canonical = given.map(([name, value]) =>
    value === true ? `--${name}` : value === false ? `--no-${name}` : `--${name}=${value}`,
  )
  const positional = words.length > 0 ? ['--', ...words] : []
  const needed = Object.entries(all).filter(
    ([name, def]) => values.has(name) || def.type === 'positional' || def.default !== undefined,
  )
  return { args: parseArgs<Args & typeof GLOBAL>([...canonical, ...positional], withoutRequired(needed)), words, lists: values }
}

type Given = [name: string, value: string | boolean]
type Flag = [name: string, def: ArgDef]

/** `--name`, `--name=value`, `--name value`, `--no-name`; `-o value`, `-o=value`, `-ovalue`, and several letters behind one dash. */
function readToken(command: string, all: ArgsDef, token: string, rest: string[]): Given[] {
  const flags = Object.entries(all).filter(([, def]) => def.type !== 'positional')
  if (token.startsWith('--')) {
    const [, body = '', inline] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(token) ?? []
    return [readLong(command, flags, body, inline, rest)]
  }
  const given: Given[] = []
  for (let letters = token.slice(1); letters !== '';) {
    const letter = letters.charAt(0)
    const behind = letters.slice(1)
    const flag = flags.find(([, def]) => 'alias' in def && def.alias === letter)
    if (!flag) throw unknown(command, flags, `-${letter}`, behind === '' ? '' : token.slice(1))
    const isLast = flag[1].type !== 'boolean' || behind === '' || behind.startsWith('=')
    const inline = isLast && behind !== '' ? behind.replace(/^=/, '') : undefined
    given.push(readValue(command, flag, inline, rest))
    letters = isLast ? '' : behind
  }
  return given
}

function readLong(command: string, flags: Flag[], body: string, inline: string | undefined, rest: string[]): Given {
  const flag = flags.find(([name]) => name === body)
  if (flag) return readValue(command, flag, inline, rest)
  const negated = flags.find(([name, def]) => def.type === 'boolean' && `no-${name}` === body)
  if (!negated) throw unknown(command, flags, `--${body}`, body)
  const [name, value] = readValue(command, negated, inline, rest)
  return [name, !value]
}

function readValue(command: string, [name, def]: Flag, inline: string | undefined, rest: string[]): Given {
  const wrong = (reason: string) => fail('USAGE_FLAG_VALUE', { flag: `--${name}`, command, reason })
  if (def.type === 'boolean') {
    if (inline !== undefined && inline !== 'true' && inline !== 'false') throw wrong('takes only true or false')
    return [name, inline !== 'false']
  }
  // As with kubectl's --dry-run, the next word is not the value of a flag that may stand alone.
  if (inline === undefined && isBare(def)) return [name, 'true']
  const choices = 'options' in def ? def.options : undefined
  const value = inline ?? (rest[0]?.startsWith('--') ? undefined : rest.shift())
  if (value === undefined || value === '') throw wrong(choices ? `needs one of ${choices.join(', ')}` : 'needs a value')
  if (choices && !choices.includes(value)) throw wrong(`takes one of ${choices.join(', ')}${hint(value, choices)}`)
  return [name, value]
}

/** Whether a flag that takes a value may also be given without one; it then is `true`. */
export const isBare = (def: ArgDef): boolean => def.valueHint?.startsWith('[') === true

/** `word`: what may be a long flag with a dash too few, or misspelt. */
function unknown(command: string, flags: Flag[], flag: string, word: string) {
  const names = flags.flatMap(([name, def]) => (def.type === 'boolean' ? [`--${name}`, `--no-${name}`] : [`--${name}`]))
  return fail('USAGE_FLAG_UNKNOWN', { flag, command, hint: word === '' ? '' : hint(`--${word.split('=')[0]}`, names) })
}

function checkWords(command: string, usage: string, all: ArgsDef, words: string[]): void {
  const defs = Object.entries(all).filter(([, def]) => def.type === 'positional')
  const needed = defs.filter(([, def]) => def.required !== false)
  const missing = needed[words.length]
  if (missing) throw fail('USAGE_ARGUMENTS', { command, reason: `needs ${missing[0].toUpperCase()}`, usage })
  const isOpen = defs.some(([, def]) => def.valueHint === '...')
  if (!isOpen && words.length > defs.length)
    throw fail('USAGE_ARGUMENTS', { command, reason: `does not take "${words[defs.length]}"`, usage })
}

/**
 * citty would end the process' work with a text of its own: what is required was checked above. And it takes a while for each
 * of many flags, so that it only gets those that matter here.
 */
function withoutRequired(needed: [string, ArgDef][]): ArgsDef {
  return Object.fromEntries(needed.map(([name, def]) => [name, { ...def, required: false }]))
}
