import type * as z from 'zod'
import { reasonOf } from '../../core/errors.ts'
import { splitList } from '../../core/kube/list-splitter.ts'
import { fit, parseJson } from './shapes.ts'

/**
 * The objects of a collected list, one at a time: a list of 300 MB is never parsed as a whole. Takes a List, or the bare
 * array that some files hold. Throws with the file's path.
 */
export function* listItems<Item>(path: string, bytes: Uint8Array, shape: z.ZodType<Item>): Generator<Item> {
  for (const value of rawItems(path, bytes)) yield fit(path, value, shape)
}

/** The same without a shape. */
export function* rawItems(path: string, bytes: Uint8Array): Generator {
  if (isArray(bytes)) {
    const all = parseJson(path, bytes)
    if (Array.isArray(all)) yield* all as unknown[]
    return
  }
  let items: Buffer[]
  try {
    items = splitList(bytes).items
  } catch (error) {
    throw new Error(`${path} is not a list: ${reasonOf(error)}`, { cause: error })
  }
  for (const item of items) yield parseJson(path, item)
}

const SPACE: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d])

function isArray(bytes: Uint8Array): boolean {
  let at = 0
  while (SPACE.has(bytes[at])) at++
  return bytes[at] === 0x5b
}
