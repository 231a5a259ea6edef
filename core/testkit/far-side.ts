import type { Bundle, Logger, Receipt, UploaderContext, UploaderPlugin } from '../contract/index.ts'
import { reason } from './check.ts'
import { uploaderContext } from './context.ts'

/** The uploader at work for one job, with all that it says on the way. */
export class FarSide {
  readonly plugin: UploaderPlugin
  readonly #config: unknown
  readonly #secrets: Record<string, string>
  readonly #said: string[] = []
  readonly #asked = new Set<string>()
  #jobs = 0

  constructor(plugin: UploaderPlugin, config: unknown, secrets: Record<string, string>) {
    this.plugin = plugin
    this.#config = config
    this.#secrets = secrets
  }

  /** A context for a job that has uploaded nothing yet. */
  job(signal?: AbortSignal): UploaderContext<unknown> {
    this.#jobs += 1
    const say = (fields: object, message: string) => void this.#said.push(`${message} ${JSON.stringify(fields)}`)
    const log: Logger = { debug: say, info: say, warn: say, error: say }
    const run = { job: `check-${this.#jobs}`, id: `check-${this.#jobs}.29453880` }
    const context = uploaderContext({ config: this.#config, secrets: this.#secrets, run, log, ...(signal ? { signal } : {}) })
    return { ...context, secret: (key) => (this.#asked.add(key), context.secret(key)) }
  }

  async upload(context: UploaderContext<unknown>, bundle: Bundle): Promise<Receipt> {
    const receipt = await this.heard(this.plugin.upload(context, bundle))
    this.#said.push(JSON.stringify(receipt))
    return receipt
  }

  /** What the job has at the far side: undefined when the uploader has no `list`. */
  async stored(context: UploaderContext<unknown>): Promise<{ fileName: string; size: number }[] | undefined> {
    if (!this.plugin.list) return undefined
    const found = []
    for await (const { fileName, size } of this.plugin.list(context)) found.push({ fileName, size })
    return found
  }

  async heard<Value>(work: Promise<Value>): Promise<Value> {
    try {
      return await work
    } catch (error) {
      for (let told = error; told !== undefined; told = told instanceof Error ? told.cause : undefined) {
        this.#said.push(reason(told), JSON.stringify(told))
      }
      throw error
    }
  }

  undeclared(): string[] {
    const declared = new Set(this.plugin.manifest.secretKeys.map(({ name }) => name))
    return [...this.#asked].filter((key) => !declared.has(key)).map((key) => `"${key}" is not declared`)
  }

  leaks(): string[] {
    const leaked = (value: string) => this.#said.find((text) => text.includes(value))
    return Object.entries(this.#secrets).flatMap(([key, value]) =>
      leaked(value) === undefined ? [] : [`"${key}" was said aloud`],
    )
  }
}
