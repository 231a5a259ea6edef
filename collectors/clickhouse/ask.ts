import { type Database, type DatabaseAnswer, failuresText } from '../../core/contract/databases/database.ts'
import type { Http } from '../../core/contract/index.ts'
import { askByHttp } from './http.ts'
import { askNative } from './native.ts'
import { parseClickhouseUri } from './uri.ts'

/** Asks the first host that lets us in for its version. Throws what went wrong with all of them. */
export async function askClickhouse({ uri, tls, signal, hide }: Database, http: Http): Promise<DatabaseAnswer> {
  const target = parseClickhouseUri(uri, tls)
  hide(target.password)
  const failures: unknown[] = []
  for (const place of target.places) {
    try {
      return { version: target.isHttp ? await askByHttp(place, target, tls, http) : await askNative(place, target, tls, signal) }
    } catch (error) {
      signal.throwIfAborted()
      failures.push(error)
    }
  }
  throw new Error(failuresText(failures))
}
