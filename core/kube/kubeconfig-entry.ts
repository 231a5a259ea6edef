import { fail } from '../errors.ts'

/** Where a part of a kubeconfig was found: for messages, and because its relative paths start at its file's folder. */
export interface Place {
  file: string
  /** like `users["admin"].user` */
  path: string
}

/** One map of a kubeconfig, read field by field. An empty text counts as not set, as it does for kubectl. */
export class Entry {
  readonly place: Place
  readonly #fields: Record<string, unknown>

  /** KUBECONFIG_INVALID if `value` is not a map; nothing at all is an empty one. */
  constructor(value: unknown, place: Place) {
    if (value !== undefined && value !== null && (typeof value !== 'object' || Array.isArray(value)))
      throw invalid(place, 'must be a map')
    this.place = place
    this.#fields = (value ?? {}) as Record<string, unknown>
  }

  text(key: string): string | undefined {
    const value = this.#get(key)
    // an unquoted name or token of digits is a number for YAML and a text for kubectl
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    if (value !== undefined && typeof value !== 'string') throw invalid(this.#at(key), 'must be a text')
    return value || undefined
  }

  flag(key: string): boolean {
    const value = this.#get(key)
    if (value !== undefined && typeof value !== 'boolean') throw invalid(this.#at(key), 'must be true or false')
    return value ?? false
  }

  /** The bytes of a base64 field. */
  data(key: string): Buffer | undefined {
    const text = this.text(key)?.replaceAll(/\s/g, '')
    if (text === undefined) return undefined
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw invalid(this.#at(key), 'must be base64')
    return Buffer.from(text, 'base64')
  }

  map(key: string): Entry | undefined {
    const value = this.#get(key)
    return value === undefined ? undefined : new Entry(value, this.#at(key))
  }

  /** Each list entry as a map. */
  maps(key: string): Entry[] {
    return this.#list(key).map((value, index) => new Entry(value, { ...this.place, path: `${this.#at(key).path}[${index}]` }))
  }

  texts(key: string): string[] {
    const list = this.#list(key)
    if (!list.every((value) => typeof value === 'string')) throw invalid(this.#at(key), 'must be a list of texts')
    return list
  }

  /** The fields as they stand. */
  get raw(): Readonly<Record<string, unknown>> {
    return this.#fields
  }

  #list(key: string): unknown[] {
    const value = this.#get(key) ?? []
    if (!Array.isArray(value)) throw invalid(this.#at(key), 'must be a list')
    return value
  }

  #get(key: string): unknown {
    return Object.hasOwn(this.#fields, key) ? (this.#fields[key] ?? undefined) : undefined
  }

  #at(key: string): Place {
    return { file: this.place.file, path: this.place.path ? `${this.place.path}.${key}` : key }
  }
}

/** KUBECONFIG_INVALID that names file and field. */
export function invalid(place: Place, reason: string, cause?: unknown): Error {
  return fail('KUBECONFIG_INVALID', { path: place.file, reason: place.path ? `${place.path} ${reason}` : reason }, cause)
}
