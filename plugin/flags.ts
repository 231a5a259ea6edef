import { type ArgDef, type ArgsDef, parseArgs, type ParsedArgs } from 'citty'
import { fail } from '../core/errors.ts'
import { hint } from '../core/suggest.ts'

/** Flags that every verb takes. */
export const GLOBAL = {
  local: { type: 'boolean', description: 'use the store on this computer' },
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
  const given: [name: string, value: string | boolean][] = []
  const words: string[] = []
  const rest = [...raw]
  for (let token = rest.shift(); token !== undefined; token = rest.shift()) {
    if (token === '--') words.push(...rest.splice(0))
    else if (!token.startsWith('-') || token === '-') words.push(token)
    else given.push(readFlag(command, all, token, rest))
  }
  if (!given.some(([name]) => name === 'help')) checkWords(command, usage, all, words)
  const values = new Map<string, string[]>()
  for (const [name, value] of given) values.set(name, [...(values.get(name) ?? []), String(value)])
  for (const [name, found] of values)
    if (found.length > 1 && !lists.includes(name))
      throw fail('USAGE_FLAG_VALUE', { flag: `--${name}`, command, reason: 'was given more than once' })
  const canonical = given.map(([name, value]) =>
    value === true ? `--${name}` : value === false ? `--no-${name}` : `--${name}=${value}`,
  )
  const positional = words.length > 0 ? ['--', ...words] : []
  return { args: parseArgs<Args & typeof GLOBAL>([...canonical, ...positional], withoutRequired(all)), words, lists: values }
}

function readFlag(command: string, all: ArgsDef, token: string, rest: string[]): [string, string | boolean] {
  const [, dashes = '', body = '', , inline] = /^(--?)([^=]+)(=([\s\S]*))?$/.exec(token) ?? []
  const isShort = dashes === '-'
  const negated = !isShort && body.startsWith('no-') ? body.slice(3) : undefined
  const entry =
    Object.entries(all).find(
      ([name, def]) =>
        def.type !== 'positional' &&
        (isShort ? aliases(def).includes(body) : name === body || (body.length > 1 && aliases(def).includes(body))),
    ) ?? Object.entries(all).find(([name, def]) => def.type === 'boolean' && name === negated)
  if (!entry)
    throw fail('USAGE_FLAG_UNKNOWN', {
      flag: `${dashes}${body}`,
      command,
      hint: hint(body, Object.keys(all)).replace('"', '"--'),
    })
  const [name, def] = entry
  const wrong = (reason: string) => fail('USAGE_FLAG_VALUE', { flag: `--${name}`, command, reason })
  if (def.type === 'boolean') {
    if (inline !== undefined && inline !== 'true' && inline !== 'false') throw wrong('takes only true or false')
    return [name, (inline ?? 'true') === 'true' && negated !== name]
  }
  const value = inline ?? rest.shift()
  if (value === undefined || value === '' || (inline === undefined && value.startsWith('--'))) throw wrong('needs a value')
  if ('options' in def && def.options && !def.options.includes(value))
    throw wrong(`takes one of ${def.options.join(', ')}${hint(value, def.options)}`)
  return [name, value]
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

/** citty would end the process' work with a text of its own: what is required was checked above. */
function withoutRequired(all: ArgsDef): ArgsDef {
  return Object.fromEntries(Object.entries(all).map(([name, def]) => [name, { ...def, required: false }]))
}

const aliases = (def: ArgDef): string[] => ('alias' in def && def.alias ? [def.alias].flat() : [])
