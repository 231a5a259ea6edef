import { oidcCredentials } from './oidc-credentials.ts'
import { dirname, resolve } from 'node:path'
import type { Clock } from '../clock.ts'
import { fail, reasonOf } from '../errors.ts'
import { type Credential, type Credentials, fixedCredentials, FreshText } from './connection.ts'
import { type ExecOptions, execCredentials } from './exec-credentials.ts'
import { type Entry, invalid } from './kubeconfig-entry.ts'

/** Tokens in files are replaced by the kubelet and others: read again after this long. */
export const TOKEN_AGE_MS = 30_000
/** Certificates in files are replaced rarely; a new one costs new connections. */
export const CERTIFICATE_AGE_MS = 300_000

/** What credentials of a user are made with. */
export interface CredentialWorld extends Omit<ExecOptions, 'cluster'> {
  readFile(path: string): Promise<Buffer>
}

/**
 * The credentials of a user's entry in a kubeconfig. What a token says comes before a password, both before a program; a
 * client certificate goes along with any of them.
 *
 * @throws KUBECONFIG_INVALID, NOT_SUPPORTED (auth-provider)
 */
export function userCredentials(user: Entry, world: CredentialWorld, cluster: ExecOptions['cluster']): Credentials {
  const tokenFile = user.text('tokenFile')
  const file = tokenFile === undefined ? undefined : fileText(user, tokenFile, world, TOKEN_AGE_MS)
  const certificate = clientCertificate(user, world)
  const base = baseCredentials(user, world, cluster, file !== undefined)
  return {
    async current() {
      const credential = await base.current()
      // one object for as long as nothing changes, so that `refused` can tell which it was
      if (!file && !certificate) return credential
      const token = (await file?.get().catch((error: unknown) => orElse(credential.authorization, error)))?.trim()
      return { ...credential, ...(token ? { authorization: `Bearer ${token}` } : {}), ...(await certificate?.()) }
    },
    refused(used) {
      file?.expire()
      return base.refused(used) || file !== undefined
    },
  }
}

function baseCredentials(
  user: Entry,
  world: CredentialWorld,
  cluster: ExecOptions['cluster'],
  hasTokenFile: boolean,
): Credentials {
  const token = user.text('token')
  if (token !== undefined) return fixedCredentials({ authorization: `Bearer ${token}` })
  const name = user.text('username')
  if (name !== undefined) {
    const pair = Buffer.from(`${name}:${user.text('password') ?? ''}`).toString('base64')
    return fixedCredentials({ authorization: `Basic ${pair}` })
  }
  const exec = user.map('exec')
  if (exec && !hasTokenFile) return execCredentials(exec, { ...world, cluster })
  const provider = user.map('auth-provider')
  if (provider?.text('name') === 'oidc' && !hasTokenFile) return oidcCredentials(provider)
  if (provider && !hasTokenFile) {
    const remedy = 'use an exec plug-in in the kubeconfig instead, such as kubelogin (kubectl oidc-login)'
    throw fail('NOT_SUPPORTED', { what: `auth-provider "${provider.text('name') ?? ''}" in ${user.place.file}`, remedy })
  }
  return fixedCredentials({})
}

/** With a token beside it, a token file that cannot be read is no error. */
function orElse(authorization: string | undefined, error: unknown): undefined {
  if (authorization === undefined) throw error
  return undefined
}

function clientCertificate(user: Entry, world: CredentialWorld): (() => Promise<Pick<Credential, 'cert' | 'key'>>) | undefined {
  const cert = pem(user, 'client-certificate', world)
  const key = pem(user, 'client-key', world)
  if (!cert && !key) return undefined
  if (!cert || !key) throw invalid(user.place, 'has a client certificate without its key, or a key without its certificate')
  return async () => ({ cert: await cert(), key: await key() })
}

/** The PEM text of `<field>-data`, else of the file that `<field>` names, read again now and then. */
export function pem(
  entry: Entry,
  field: string,
  world: { readFile(path: string): Promise<Buffer>; clock: Clock },
): (() => Promise<string>) | undefined {
  const data = entry.data(`${field}-data`)?.toString('utf8')
  if (data !== undefined) return () => Promise.resolve(data)
  const path = entry.text(field)
  if (path === undefined) return undefined
  const text = fileText(entry, path, world, CERTIFICATE_AGE_MS)
  return () => text.get()
}

/** A file named in a kubeconfig; a relative name starts at the kubeconfig's folder. */
function fileText(
  entry: Entry,
  path: string,
  world: { readFile(path: string): Promise<Buffer>; clock: Clock },
  maxAgeMs: number,
): FreshText {
  const full = resolve(dirname(entry.place.file), path)
  const read = async () => {
    try {
      return (await world.readFile(full)).toString('utf8')
    } catch (error) {
      throw invalid(entry.place, `names ${full}, which cannot be read: ${reasonOf(error)}`, error)
    }
  }
  return new FreshText(read, world.clock, maxAgeMs)
}
