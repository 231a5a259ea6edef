import { parseConnectionUrl, uriProblem } from '../../core/contract/databases/connection-url.ts'

export interface RedisTarget {
  host: string
  port: number
  isEncrypted: boolean
  user: string
  password: string
  /** number of the database */
  database: number
}

/**
 * Reads `redis://user:password@host:port/number`, or `rediss://…` for TLS.
 *
 * @throws a plug-in error that quotes nothing of it
 */
export function parseRedisUrl(uri: string): RedisTarget {
  const { scheme, user, password, places, path, query } = parseConnectionUrl(uri)
  if (scheme !== 'redis' && scheme !== 'rediss') throw uriProblem('it must begin with redis:// or rediss://')
  if (query.size > 0) throw uriProblem('it may not have options behind a "?"')
  const [{ host, port }, ...others] = places
  if (others.length > 0) throw uriProblem('it names several hosts')
  const database = path.replaceAll(/^\/+|\/+$/g, '')
  if (!/^\d{0,9}$/.test(database)) throw uriProblem('its path is not the number of a database')
  return {
    host: host || 'localhost',
    port: port ?? 6379,
    isEncrypted: scheme === 'rediss',
    user,
    password,
    database: Number(database),
  }
}
