import * as z from 'zod'
import { Identity, ProblemData } from './task-parts.ts'

/**
 * Host collectors on the nodes of a cluster: the `run` task says what is wanted of them, its parent has a `host` task run on each
 * node and hands on what that says. The run task never holds a credential for it, and its parent keeps nothing of it.
 */

/** An entry of `hostCollectors`, as its spec has it. */
const HostEntry = z.object({ key: z.string(), source: z.string(), config: z.record(z.string(), z.unknown()) })
export type HostEntry = z.infer<typeof HostEntry>

/** Host collectors of one machine. What they give is said as it is, unredacted: the run redacts it with its own rules. */
export const HostRequest = z.object({
  task: z.literal('host'),
  run: Identity,
  root: z.string().describe("where the machine's root is mounted"),
  entries: z.array(HostEntry),
  timeoutMs: z.int(),
})
export type HostRequest = z.infer<typeof HostRequest>

export interface HostResult {
  /** entries that ran to their end */
  ran: number
}

/** Bytes of a piece of an output, at most. */
export const PIECE_BYTES = 48 * 1024
/** Longest line of a host task, in characters: a piece in base64 and its frame. */
export const MAX_WORD = 256 * 1024

const Entry = z.int().min(0).describe('its place among the wanted entries')

/** What a host task says of its work, in order: of an output its head, its pieces and its end; nothing comes in between. */
export const NodeWord = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('output'),
    entry: Entry,
    path: z.string(),
    links: z.array(z.string()).optional(),
    format: z.enum(['text', 'json', 'binary']),
  }),
  z.object({ kind: z.literal('piece'), base64: z.string() }),
  z.object({ kind: z.literal('end'), problem: ProblemData.optional().describe('the output could not be read to its end') }),
  z.object({ kind: z.literal('warning'), entry: Entry, code: z.string(), message: z.string(), isLoss: z.boolean().optional() }),
  z.object({
    kind: z.literal('report'),
    entry: Entry,
    state: z.enum(['ran', 'failed']),
    startedAt: z.iso.datetime(),
    durationMs: z.int(),
    problem: ProblemData.optional(),
  }),
  z
    .object({ kind: z.literal('over'), problem: ProblemData.optional() })
    .describe('the last word on a node, by the parent; with why there is no more'),
])
export type NodeWord = z.infer<typeof NodeWord>

/** Parent to `run` task. */
export const NODES_TO_TASK = [
  z.object({ type: z.literal('nodes'), names: z.array(z.string()) }).describe('the answer to `want-nodes`: which there are'),
  z.object({ type: z.literal('node'), node: z.string(), word: NodeWord }),
  z
    .object({ type: z.literal('nodes-over'), problem: ProblemData.optional() })
    .describe('every node has had its last word; or why there are none'),
] as const

/** `run` task to parent; the last one is what a `host` task says to whoever runs it. */
export const NODES_FROM_TASK = [
  z
    .object({ type: z.literal('want-nodes'), entries: z.array(HostEntry), timeoutMs: z.int() })
    .describe('these entries are to be done on each node; said once at most'),
  z.object({ type: z.literal('node-heard'), node: z.string() }).describe('one more word of this node may come'),
  z.object({ type: z.literal('node'), word: NodeWord }),
] as const
