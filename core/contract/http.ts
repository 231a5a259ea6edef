/** What TLS of an outbound request is made of; all of it PEM. */
export interface HttpTls {
  /** trusted instead of the system's authorities */
  ca?: string
  cert?: string
  key?: string
  /** the name that the certificate must have, when it is not the URL's */
  serverName?: string
  /** true: any certificate will do */
  isUnverified?: boolean
}

/** One outbound request. What is absent has the host's default. */
export interface HttpRequest {
  /** default GET */
  method?: string
  /** http or https; user and password in it are sent as basic authorization */
  url: string
  /** sent as they are; without `accept-encoding` the answer may come compressed, and is unpacked */
  headers?: Record<string, string>
  body?: string | Uint8Array
  tls?: HttpTls
  /** `http://`, `https://` or `socks5://`, also with user and password; default: that of the environment, if there is one */
  proxy?: string
  /** until the whole answer is there; default 30 s */
  timeoutMs?: number
  /** default 10; 0: a redirect is the answer */
  maxRedirects?: number
  /** of the body, unpacked; a longer one is an error. Default 16 MiB */
  maxBytes?: number
}

export interface HttpAnswer {
  status: number
  /** names in lower case, values in the order they came */
  headers: Record<string, string[]>
  body: Uint8Array
}

/**
 * The host's own client: connections, those to proxies and after redirects too, pass the host's rules for what may be reached.
 * A redirect to another origin gets no header that may be a credential, and no client certificate.
 */
export interface Http {
  /**
   * Any status is an answer.
   *
   * @throws a PluginError without URL paths, queries, header values or passwords in its message: `HTTP_TIMED_OUT`,
   * `HTTP_NO_ANSWER` (class retryable, the cause has Node's code), `HTTP_REQUEST` (it cannot be sent as it is),
   * `ADDRESS_REFUSED`; or the signal's reason
   */
  send(request: HttpRequest): Promise<HttpAnswer>
}

/** A URL as messages may show it: paths, queries and users can be secrets. */
export function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'an invalid address'
}
