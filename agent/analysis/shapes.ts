import * as z from 'zod'
import { reasonOf } from '../../core/errors.ts'

/** Shapes of collected JSON, where Go reads null and absent as the zero value. */
export const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '')
export const count = z
  .number()
  .nullish()
  .transform((value) => value ?? 0)
export const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false)
export const texts = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {})
export const listOf = <Shape extends z.ZodType>(shape: Shape) =>
  z
    .array(shape)
    .nullish()
    .transform((value) => value ?? [])

/** metadata of a Kubernetes object. */
export const Meta = z.object({ name: text, namespace: text, labels: texts, annotations: texts })

/** JSON of a file, in a shape. Throws with the file's path. */
export function readJson<Content>(path: string, bytes: Uint8Array, shape: z.ZodType<Content>): Content {
  return fit(path, parseJson(path, bytes), shape)
}

/** Throws with the file's path. */
export function parseJson(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as unknown
  } catch (error) {
    throw new Error(`${path} is not JSON: ${reasonOf(error)}`, { cause: error })
  }
}

export function fit<Content>(path: string, value: unknown, shape: z.ZodType<Content>): Content {
  const parsed = shape.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Error(`${path} has another shape than expected: ${issue?.path.join('.')}: ${issue?.message}`)
}
