import type { RawObject } from '../contract/collector.ts'

/** What every object of Kubernetes has, as far as we read it. Whoever wrote it may have left anything out. */
export interface ObjectMeta {
  name?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** An object as the server sent it, decoded and parsed only if someone asks. */
export class RawItem implements RawObject {
  #bytes: Buffer | undefined
  #json: Record<string, unknown> | undefined

  /** Without the bytes that were sent, those of the same JSON stand for them. */
  constructor(bytes: Buffer | undefined, json?: Record<string, unknown>) {
    this.#bytes = bytes
    this.#json = json
  }

  get bytes(): Buffer {
    this.#bytes ??= Buffer.from(JSON.stringify(this.#json))
    return this.#bytes
  }

  get text(): string {
    return this.bytes.toString('utf8')
  }

  /** Throws a SyntaxError for what is no JSON. */
  get json(): Record<string, unknown> {
    this.#json ??= JSON.parse(this.text) as Record<string, unknown>
    return this.#json
  }

  get metadata(): ObjectMeta {
    return this.json['metadata'] ?? {}
  }
}
