import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Certificates of an authority of our own: of a server at 127.0.0.1 and db.example, not at localhost, and of a client named app. All of it PEM. */
export interface TestCertificates {
  /** files ca.crt server.crt server.key */
  folder: string
  ca: string
  client: { cert: string; key: string }
  server: { cert: string; key: string }
  /** of another authority */
  strangeCa: string
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Makes them in a folder, by openssl, as Node makes none. */
export function makeCertificates(folder: string): TestCertificates {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const authority = (name: string) =>
    openssl('req', '-x509', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.crt`, '-subj', `/CN=${name}`, '-days', '2')
  const sign = (name: string, subject: string, extensions: string) => {
    writeFileSync(join(folder, `${name}.ext`), extensions)
    openssl('req', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${subject}`)
    const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`]
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`, ...by)
  }
  authority('ca')
  authority('strange')
  sign('server', 'server', 'subjectAltName=DNS:db.example,IP:127.0.0.1')
  sign('client', 'app', 'extendedKeyUsage=clientAuth')
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return {
    folder,
    ca: read('ca.crt'),
    client: { cert: read('client.crt'), key: read('client.key') },
    server: { cert: read('server.crt'), key: read('server.key') },
    strangeCa: read('strange.crt'),
  }
}
