import { randomBytes } from 'node:crypto'
import { asProblem } from '../core/errors.ts'
import { localTokenKey } from '../core/store/token-key.ts'
import type { CliEdge } from './cli-edge.ts'
import { warning } from './output/text.ts'

/** The key of this user's redaction tokens, for a request. Without one a bundle is as safe, and says less: a warning tells why. */
export async function tokenKeyOf(edge: Pick<CliEdge, 'err'>, folder: string): Promise<{ tokenKey?: string }> {
  try {
    return { tokenKey: await localTokenKey(folder, randomBytes) }
  } catch (error) {
    edge.err(warning(asProblem(error).message))
    return {}
  }
}
