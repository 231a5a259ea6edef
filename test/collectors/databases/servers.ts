import { execFile } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import { reasonOf } from '../../../core/errors.ts'
import { startKeeper } from '../../cluster/keeping.ts'
import { makeCertificates, type TestCertificates } from './certificates.ts'
import { programsOf, type Server } from './programs.ts'

/** A real server on loopback, of one test file. Without one, `skipped` says why, and nothing else may be used. */
export interface TestServer {
  /** for `describe.skipIf` */
  skipped: string | undefined
  port: number
  /** of Redis, which has another one for TLS */
  tlsPort: number
  certificates: TestCertificates
  /** found nowhere else: it is looked for in what is told */
  password: string
  /** what it has logged */
  log(): string
}

/** As which user it runs, when we are root: some servers refuse to be root. */
const NOBODY = 65_534
const READY_WITHIN_MS = 60_000
export const PASSWORD = 'geheim-4711/@:ü%'

const run = promisify(execFile)

interface Plan {
  /** to run once, before it starts */
  prepare: string[][]
  start: string[]
}
interface Place {
  folder: string
  port: number
  tlsPort: number
  programs: string[]
}

/** What each server is started with. Certificates lie in the folder, as ca.crt, server.crt, server.key. */
const PLANS: Record<Server, (place: Place) => Plan> = {
  postgres({ folder, port, programs: [initdb = '', postgres = ''] }) {
    const data = join(folder, 'data')
    writeFileSync(join(folder, 'password'), PASSWORD)
    const flags = [
      '-U',
      'app',
      '-A',
      'scram-sha-256',
      '--pwfile',
      join(folder, 'password'),
      '--no-sync',
      '--locale=C',
      '-E',
      'UTF8',
    ]
    const settings = {
      ssl: 'on',
      ssl_ca_file: join(folder, 'ca.crt'),
      ssl_cert_file: join(folder, 'server.crt'),
      ssl_key_file: join(folder, 'server.key'),
      hba_file: join(folder, 'hba.conf'),
      listen_addresses: '127.0.0.1',
      port: String(port),
      unix_socket_directories: '',
      fsync: 'off',
      lc_messages: 'C',
    }
    writeFileSync(
      join(folder, 'hba.conf'),
      'hostssl template1 all 127.0.0.1/32 cert\nhost template1 all 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 scram-sha-256\n',
    )
    const set = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    return { prepare: [[initdb, '-D', data, ...flags]], start: [postgres, '-D', data, ...set] }
  },
  mysql({ folder, port, programs: [install = '', server = ''] }) {
    const data = join(folder, 'data')
    writeFileSync(
      join(folder, 'init.sql'),
      `create user app@'%' identified by '${PASSWORD}';\n` +
        `create user strict@'%' identified by '${PASSWORD}' require x509;\ncreate database shop;\ngrant select on shop.* to app@'%';\n`,
    )
    const base = ['--no-defaults', `--datadir=${data}`]
    const certificates = [`--ssl-ca=${folder}/ca.crt`, `--ssl-cert=${folder}/server.crt`, `--ssl-key=${folder}/server.key`]
    const places = [`--port=${port}`, '--bind-address=127.0.0.1', `--socket=${folder}/mysql.sock`, `--pid-file=${folder}/pid`]
    const rest = [
      `--init-file=${folder}/init.sql`,
      '--skip-name-resolve',
      '--character-set-server=utf8mb4',
      '--innodb-buffer-pool-size=16M',
      '--innodb-flush-log-at-trx-commit=0',
    ]
    return {
      prepare: [[install, ...base, '--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve']],
      start: [server, ...base, ...places, ...certificates, ...rest],
    }
  },
  redis({ folder, port, tlsPort, programs: [server = ''] }) {
    const lines = [
      'bind 127.0.0.1',
      `port ${port}`,
      `tls-port ${tlsPort}`,
      `tls-ca-cert-file ${folder}/ca.crt`,
      `tls-cert-file ${folder}/server.crt`,
      `tls-key-file ${folder}/server.key`,
      'tls-auth-clients yes',
      `dir ${folder}`,
      'save ""',
      `requirepass "${PASSWORD}"`,
      `user app on >${PASSWORD} ~* +@all`,
    ]
    writeFileSync(join(folder, 'redis.conf'), `${lines.join('\n')}\n`)
    return { prepare: [], start: [server, join(folder, 'redis.conf')] }
  },
}

/** Starts a server for the test file that calls this at its top, and ends it with the file, however that ends. */
export async function useServer(name: Server): Promise<TestServer> {
  try {
    const { server, close } = await startServer(name)
    afterAll(close)
    return server
  } catch (error) {
    // .ci/run looks for the first word of this line, and fails.
    process.stderr.write(
      `\nSKIPPED: 1 test file needs a real server (${name}), and there is none: ${reasonOf(error)}\n  ${expect.getState().testPath}\n`,
    )
    const none = { folder: '', ca: '', client: { cert: '', key: '' }, server: { cert: '', key: '' }, strangeCa: '' }
    return { skipped: reasonOf(error), port: 1, tlsPort: 1, certificates: none, password: PASSWORD, log: () => '' }
  }
}

async function startServer(name: Server): Promise<{ server: TestServer; close: () => Promise<void> }> {
  const programs = await programsOf(name)
  const folder = mkdtempSync(join(tmpdir(), `sbs-${name}-`))
  const keeper = startKeeper(folder)
  try {
    const certificates = makeCertificates(folder)
    const [port, tlsPort] = [await freePort(), await freePort()]
    const { prepare, start } = PLANS[name]({ folder, port, tlsPort, programs })
    mkdirSync(join(folder, 'data'), { mode: 0o700 })
    const asNobody = give(folder)
    for (const [command = '', ...args] of prepare.map(asNobody)) await run(command, args, { cwd: folder, env: bare(folder) })
    const [command = '', ...args] = asNobody(start)
    await keeper.start(name, 'env', [
      '-i',
      ...Object.entries(bare(folder)).map(([key, value]) => `${key}=${value}`),
      command,
      ...args,
    ])
    const log = () => readFileSync(join(folder, `${name}.log`), 'utf8')
    await ready(port, () => keeper.howEnded(name), log)
    return { server: { skipped: undefined, port, tlsPort, certificates, password: PASSWORD, log }, close: () => keeper.close() }
  } catch (error) {
    await keeper.close()
    throw error
  }
}

/** Nothing of the user's own settings. */
const bare = (folder: string) => ({ PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: folder, LC_ALL: 'C.UTF-8' })

/** Gives the folder to nobody when we are root; the result makes a command one of nobody's. */
function give(folder: string): (command: string[]) => string[] {
  for (const key of ['server.key', 'client.key', 'ca.key']) chmodSync(join(folder, key), 0o600)
  if (process.getuid?.() !== 0) return (command) => command
  for (const path of [folder, ...readdirSync(folder).map((one) => join(folder, one))]) chownSync(path, NOBODY, NOBODY)
  return (command) => ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...command]
}

async function ready(port: number, howEnded: () => string | undefined, log: () => string): Promise<void> {
  const end = systemClock.monotonicMs() + READY_WITHIN_MS
  while (!(await isOpen(port))) {
    const how = howEnded() ?? (systemClock.monotonicMs() > end ? 'it was not ready in time' : undefined)
    if (how !== undefined) throw new Error(`it did not start (${how}):\n${log().slice(-1000)}`)
    await systemClock.sleep(25)
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => (resolve(true), socket.destroy()))
    socket.once('error', () => resolve(false))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
