import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const TOOLS = resolve(import.meta.dirname, '../../../tools')
const SOURCE = 'github.com/google/go-containerregistry/cmd/registry'

export interface RealRegistry {
  /** `localhost:1234`, over plain http */
  host: string
  /** stores a manifest under a tag, and gives its digest */
  push(repository: string, tag: string): Promise<string>
  stop(): Promise<void>
}

/** The registry in memory of go-containerregistry, built from the modules that tools/ pins. Undefined when it cannot be built here. */
export async function startRegistry(): Promise<RealRegistry | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'))
  const program = join(folder, 'registry')
  const env = { ...process.env, GOPROXY: 'off', GOFLAGS: '-mod=readonly' }
  try {
    await promisify(execFile)('go', ['build', '-o', program, SOURCE], { cwd: TOOLS, env })
  } catch {
    await rm(folder, { recursive: true })
    return undefined
  }
  const child = spawn(program, ['-port', '0'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'exit')
  const host = `localhost:${await portIn(child.stderr)}`
  return {
    host,
    async push(repository, tag) {
      const mediaType = 'application/vnd.oci.image.index.v1+json'
      const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [], annotations: { tag } })
      const url = `http://${host}/v2/${repository}/manifests/${tag}`
      const answer = await fetch(url, { method: 'PUT', body, headers: { 'content-type': mediaType } })
      if (answer.status !== 201) throw new Error(`the registry answered ${answer.status}`)
      return answer.headers.get('docker-content-digest') ?? ''
    },
    async stop() {
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true })
    },
  }
}

/** What it says later is read as well: a closed pipe would end it. */
function portIn(said: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    said.on('data', (chunk: Buffer) => {
      text += String(chunk)
      const [, port] = /serving on port (\d+)/.exec(text) ?? []
      if (port) resolve(port)
    })
    said.on('end', () => reject(new Error(`the registry did not start: ${text}`)))
  })
}
