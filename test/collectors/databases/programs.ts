import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Programs of database servers, and the Debian packages that have them. */
const PROGRAMS = {
  postgres: { package: 'postgresql', paths: ['/usr/lib/postgresql/*/bin/initdb', '/usr/lib/postgresql/*/bin/postgres'] },
  mysql: { package: 'mariadb-server', paths: ['/usr/bin/mariadb-install-db', '/usr/sbin/mariadbd'] },
  redis: { package: 'redis-server', paths: ['/usr/bin/redis-server'] },
} as const
export type Server = keyof typeof PROGRAMS

const run = promisify(execFile)

/** In CI what is missing is installed; elsewhere nobody's machine is changed by a test. */
const INSTALL =
  'for name in "$@"; do dpkg -s "$name" >/dev/null 2>&1 && continue; apt-get -qq update; ' +
  'apt-get -qq -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$@"; break; done'

/**
 * The programs of a server, in the order of the table.
 *
 * @throws with the reason when they cannot be had
 */
export async function programsOf(server: Server): Promise<string[]> {
  const found = find(server)
  if (found) return found
  const name = PROGRAMS[server].package
  const hint = `Debian's package ${name} is not installed`
  if (!process.env['CI'] || process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) throw new Error(hint)
  const names = Object.values(PROGRAMS).map((one) => one.package)
  const lock = join(tmpdir(), 'sbs-test-databases.lock')
  await run('flock', [lock, 'sh', '-ec', INSTALL, 'install', ...names], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 64 * 1024 * 1024,
  })
  const installed = find(server)
  if (!installed) throw new Error(hint)
  return installed
}

/** The newest of each; undefined when one is missing. */
function find(server: Server): string[] | undefined {
  const found = PROGRAMS[server].paths.map((pattern) => globSync(pattern).toSorted().at(-1))
  return found.every((path) => path !== undefined) ? found : undefined
}
