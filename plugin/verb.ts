import type { ArgsDef, ParsedArgs } from 'citty'
import type { CliEdge } from './cli-edge.ts'
import type { GLOBAL } from './flags.ts'

/** One verb of the CLI: a file in commands/, loaded only when it is called. */
export interface Verb<Args extends ArgsDef> {
  /** what stands behind the program's name: `create NAME --cron EXPR [flags]` */
  usage: string
  /** a paragraph for --help */
  about: string
  examples?: string[]
  args: Args
  /** flags that may be repeated, or hold several values with commas */
  lists?: readonly (keyof Args & string)[]
  /** returns the exit code; 0 when it returns nothing */
  run(context: VerbContext<Args>): Promise<number | void>
}

export interface VerbContext<Args extends ArgsDef> {
  args: ParsedArgs<Args & typeof GLOBAL>
  /** positional arguments in order */
  words: string[]
  /** all values of a flag named in `lists` */
  list(flag: (keyof Args & string) | 'as-group'): string[]
  edge: CliEdge
  /** the folder of the local store */
  folder: string
}

/** The identity: gives types, nothing else. */
export function defineVerb<const Args extends ArgsDef>(verb: Verb<Args>): Verb<Args> {
  return verb
}

/** The identity for flags that stand outside of a verb. */
export function defineArgs<const Args extends ArgsDef>(args: Args): Args {
  return args
}
