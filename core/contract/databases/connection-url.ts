import { pluginError } from '../plugin.ts'

/** Where something listens; an IPv6 address without its brackets. */
export interface Place {
  host: string
  port: number | undefined
}

/** `scheme://user:password@host:port,host:port/path?query`, decoded. */
export interface ConnectionUrl {
  /** lower case */
  scheme: string
  user: string
  password: string
  /** at least one; an empty host stays empty */
  places: [Place, ...Place[]]
  /** without the slash that it begins with */
  path: string
  query: Map<string, string>
}

const PARTS = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?(#.*)?$/is

/**
 * A URL that may name several hosts, which `URL` refuses.
 *
 * @throws a plug-in error of class `config`. It quotes nothing: what is wrong may be a piece of a password
 */
export function parseConnectionUrl(uri: string): ConnectionUrl {
  const [, scheme = '', login, authority = '', path = '', query = '', fragment = ''] = PARTS.exec(uri) ?? []
  if (scheme === '') throw uriProblem('it is not a URL')
  // Else a piece of the password would pass for a host, and be told to a name server.
  if ((path + fragment).includes('@') || /(?:^|&)[^=&]*@|@[^&]*[:/]/.test(query))
    throw uriProblem('characters like / ? # in its user or password must be written as %2F %3F %23')
  const [user, ...password] = (login ?? '').split(':')
  const [first, ...rest] = authority.split(',').map((place) => parsePlace(place))
  if (!first) throw uriProblem('it names no host')
  return {
    scheme: scheme.toLowerCase(),
    user: decode(user ?? ''),
    password: decode(password.join(':')),
    places: [first, ...rest],
    path: decode(path),
    query: new Map(query.split('&').filter(Boolean).map(parsePair)),
  }
}

const PLACE = /^(?:\[([\da-f:.]+(?:%\w+)?)\]|([\p{L}\p{N}._-]*))(?::(\d{0,5}))?$/iu

/** `host`, `host:port`, `[::1]:port`; nothing at all is an empty host. Throws as `parseConnectionUrl`. */
export function parsePlace(text: string): Place {
  const [whole, bracketed, plain = '', port] = PLACE.exec(text) ?? []
  if (whole === undefined || Number(port) > 65_535) throw uriProblem('its host or port is invalid')
  return { host: bracketed ?? plain, port: port ? Number(port) : undefined }
}

/** An error about a URI, which must quote nothing of it. */
export function uriProblem(what: string) {
  return pluginError('DATABASE_URI_INVALID', `the uri cannot be used: ${what}`, { class: 'config' })
}

/** The text without its % escapes. Throws as `parseConnectionUrl`. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw uriProblem('a % in it begins no escape; write it as %25')
  }
}

function parsePair(pair: string): [string, string] {
  const [name = '', ...value] = pair.replaceAll('+', ' ').split('=')
  return [decode(name), decode(value.join('='))]
}
