import type { ConfigSchema, Context, Manifest } from './plugin.ts'

export interface UploaderManifest extends Manifest {
  kind: 'Uploader'
  /** the URL schemes of `--upload` that it understands: ['s3'] */
  schemes: string[]
  secretKeys: { name: string; required: boolean; why: string }[]
}

export interface Bundle {
  /** made of job and slot: sending it twice is one object */
  fileName: string
  /** bytes */
  size: number
  /** lower-case hex */
  sha256: string
  /** fresh at each call; `end` is exclusive */
  open(range?: { start: number; end?: number }): AsyncIterable<Uint8Array>
}

/** A location, never a signed URL. `verified`: size or checksum was checked at the far side. */
export interface Receipt {
  location: string
  size: number
  checksum: { algorithm: string; value: string } | undefined
  verified: boolean
}

export interface UploaderContext<Config> extends Context<Config> {
  /** masked everywhere once read; throws when the key was not given */
  secret(key: string): string
  /** small JSON, kept between tries and restarts: upload ids, session URIs */
  state: { get(): unknown; set(value: unknown): Promise<void> }
}

export interface UploaderPlugin<Config = unknown> {
  manifest: UploaderManifest
  configSchema: ConfigSchema<Config>
  /** config from `--upload s3://bucket/prefix` */
  fromUrl?(url: URL): unknown
  /** before any collecting; leaves nothing behind */
  verify?(context: UploaderContext<Config>): Promise<void>
  /** one try; the host retries */
  upload(context: UploaderContext<Config>, bundle: Bundle): Promise<Receipt>
  /** for download and drift baselines */
  open?(context: UploaderContext<Config>, fileName: string): AsyncIterable<Uint8Array>
  /** only what this job uploaded */
  list?(context: UploaderContext<Config>): AsyncIterable<{ fileName: string; size: number; at: Date }>
  remove?(context: UploaderContext<Config>, fileName: string): Promise<void>
}

/** The identity: gives types, nothing else. */
export function defineUploader<Config>(plugin: UploaderPlugin<Config>): UploaderPlugin<Config> {
  return plugin
}
