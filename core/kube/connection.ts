import type { Clock } from '../clock.ts'

/** Who asks, and whom we trust, for one request. Absent fields are not sent. */
export interface Credential {
  /** the whole header: `Bearer …`, `Basic …` */
  authorization?: string | undefined
  /** client certificate and key, PEM */
  cert?: string | undefined
  key?: string | undefined
}

/** Where credentials come from: files and programs that give new ones while we run. */
export interface Credentials {
  /** The one to use now. Throws KUBECONFIG_INVALID, or KUBE_CREDENTIALS when a program or file gives none. */
  current(): Promise<Credential>
  /** Told that the server answered 401 to `used`; true when a new one is worth one more try. */
  refused(used: Credential): boolean
}

/** All that is needed to talk to one API server as one user. */
export interface Connection {
  /** may have a path, as behind Rancher; no slash at its end */
  server: string
  /** the context's name; empty in a cluster */
  context: string
  /** the user's name in the kubeconfig, for messages */
  user: string
  namespace: string
  credentials: Credentials
  tls: {
    /** the PEM of the authorities to trust, re-read as files change; undefined = the system's */
    ca: () => Promise<string | undefined>
    isUnverified: boolean
    serverName: string | undefined
  }
  /** impersonation */
  headers: Readonly<Record<string, string | string[]>>
  proxy: string | undefined
  /** false where the cluster's entry says disable-compression */
  mayCompress: boolean
}

/** Nothing but what a fixed credential says. */
export function fixedCredentials(credential: Credential): Credentials {
  return { current: () => Promise.resolve(credential), refused: () => false }
}

/** A token that someone else keeps fresh, such as one of a TokenRequest. `renew` is told of a 401, and says if a try is worth it. */
export function tokenCredentials(token: () => Promise<string>, renew: () => boolean = () => false): Credentials {
  return { current: async () => ({ authorization: `Bearer ${await token()}` }), refused: renew }
}

/**
 * A text that is read again when it is older than `maxAgeMs`, as tokens and certificates are replaced in place. While it
 * cannot be read, the last one counts: a rotation that is under way must not fail a request.
 */
export class FreshText {
  readonly #read: () => Promise<string>
  readonly #clock: Clock
  readonly #maxAgeMs: number
  #text: string | undefined
  #readAt = -Infinity

  constructor(read: () => Promise<string>, clock: Clock, maxAgeMs: number) {
    this.#read = read
    this.#clock = clock
    this.#maxAgeMs = maxAgeMs
  }

  /** Throws what reading threw, when there was never a text. */
  async get(): Promise<string> {
    const now = this.#clock.monotonicMs()
    if (this.#text !== undefined && now - this.#readAt < this.#maxAgeMs) return this.#text
    try {
      this.#text = await this.#read()
      this.#readAt = now
    } catch (error) {
      if (this.#text === undefined) throw error
    }
    return this.#text
  }

  /** The next `get` reads again. */
  expire(): void {
    this.#readAt = -Infinity
  }
}
