import * as z from 'zod'

/**
 * What the agent and the runner say on their socket: NDJSON both ways, one connection a task. The task protocol itself
 * (`core/task.ts`) travels inside, as text.
 */

/** The first line of a connection. Paths are absolute; `write` must lie inside the runner's work folder. */
export const Spawn = z.object({
  type: z.literal('spawn'),
  /** of the agent; the first one that a runner hears is the one that it obeys */
  secret: z.string().min(32),
  heapMb: z.int().positive(),
  /** of the task and all that it started */
  memoryBytes: z.int().positive(),
  timeoutMs: z.int().positive(),
  /** the task is killed when nothing came from the agent for so long */
  aliveMs: z.int().positive(),
  env: z.record(z.string(), z.string()).default({}),
  read: z.array(z.string()).describe('folders and files that the task may read'),
  write: z.array(z.string()).describe('folders that it may write'),
})
export type Spawn = z.infer<typeof Spawn>

export const ToRunner = z.discriminatedUnion('type', [
  Spawn,
  z.object({ type: z.literal('stdin'), text: z.string() }),
  z.object({ type: z.literal('end') }).describe('of its input'),
  z.object({ type: z.literal('kill') }),
  z.object({ type: z.literal('alive') }),
])
export type ToRunner = z.infer<typeof ToRunner>

export const FromRunner = z.discriminatedUnion('type', [
  z.object({ type: z.literal('started'), pid: z.int() }),
  z.object({ type: z.literal('refused'), reason: z.string() }),
  z.object({ type: z.literal('message'), text: z.string() }).describe('of fd 3, in pieces of any size'),
  z.object({ type: z.literal('text'), stream: z.enum(['stdout', 'stderr']), text: z.string() }),
  z.object({ type: z.literal('rss'), bytes: z.int() }),
  z.object({ type: z.literal('exited'), how: z.string() }).describe('the last word'),
])
export type FromRunner = z.infer<typeof FromRunner>

/** Longest line to the runner, in characters. A piece of text grows to six times its length when all of it is escaped. */
export const MAX_LINE = 512 * 1024
const PIECE = 64 * 1024

export const encode = (message: ToRunner | FromRunner): string => `${JSON.stringify(message)}\n`

/** Cuts a text into pieces that fit into a line each, never through a character of two halves. */
export function* pieces(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + PIECE, text.length)
    const isHigh = (text.charCodeAt(end - 1) & 0xfc00) === 0xd800
    if (isHigh && end < text.length) end--
    yield text.slice(at, end)
    at = end
  }
}
