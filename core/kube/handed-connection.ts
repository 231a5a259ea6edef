import type { Connection, Credential, Credentials } from './connection.ts'

/** A connection as plain data, for a process that has no kubeconfig, no files and no programs. It holds secrets: stdin only. */
export interface HandedConnection {
  server: string
  /** the context's name; empty in a cluster */
  context: string
  /** for messages */
  user: string
  /** the default one */
  namespace: string
  /** PEM */
  ca?: string | undefined
  isUnverified: boolean
  serverName?: string | undefined
  credential: Credential
  /** impersonation */
  headers: Record<string, string | string[]>
  proxy?: string | undefined
  mayCompress: boolean
}

/**
 * Resolves what a connection is made of: reads its files, runs its programs.
 *
 * @throws KUBECONFIG_INVALID, KUBE_CREDENTIALS
 */
export async function handOver(connection: Connection): Promise<HandedConnection> {
  const { server, context, user, namespace, tls, headers, proxy, mayCompress } = connection
  const [ca, credential] = [await tls.ca(), await connection.credentials.current()]
  return {
    server,
    context,
    user,
    namespace,
    ca,
    isUnverified: tls.isUnverified,
    serverName: tls.serverName,
    credential,
    headers: { ...headers },
    proxy,
    mayCompress,
  }
}

/**
 * For who handed a connection over: gives a new bearer token once the server has refused the one that was given last. The same
 * one again means that there is no newer one.
 *
 * @throws KUBE_CREDENTIALS, KUBECONFIG_INVALID
 */
export function tokenRenewal({ credentials }: Connection, handed: HandedConnection): () => Promise<string> {
  let last = handed.credential.authorization
  return async () => {
    let credential = await credentials.current()
    // It may have been renewed since, before its time was over.
    if (credential.authorization === last && credentials.refused(credential)) credential = await credentials.current()
    last = credential.authorization
    return /^Bearer (.+)$/.exec(last ?? '')?.[1] ?? ''
  }
}

/**
 * The connection that was handed over.
 *
 * @param needToken asks who handed it for a new bearer token, after a 401; empty = there is none
 */
export function connectionFrom(handed: HandedConnection, needToken: () => Promise<string>): Connection {
  const { server, context, user, namespace, ca, isUnverified, serverName, headers, proxy, mayCompress } = handed
  return {
    server,
    context,
    user,
    namespace,
    credentials: renewable(handed.credential, needToken),
    tls: { ca: () => Promise.resolve(ca), isUnverified, serverName },
    headers,
    proxy,
    mayCompress,
  }
}

/** All who are refused at once share one question; once there is nothing newer, nobody asks again. */
function renewable(first: Credential, needToken: () => Promise<string>): Credentials {
  let credential = first
  let isStale = false
  let isFinal = !first.authorization?.startsWith('Bearer ')
  let asking: Promise<Credential> | undefined

  const ask = async () => {
    const token = await needToken()
    const authorization = `Bearer ${token}`
    if (token === '' || authorization === credential.authorization) isFinal = true
    else credential = { ...credential, authorization }
    isStale = false
    return credential
  }
  return {
    current() {
      if (!isStale) return Promise.resolve(credential)
      asking ??= ask().finally(() => (asking = undefined))
      return asking
    },
    refused(used) {
      if (used.authorization !== credential.authorization) return true
      if (!isFinal) isStale = true
      return !isFinal
    },
  }
}
