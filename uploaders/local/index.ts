import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, stat, unlink } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { CONTRACT, defineUploader, pluginError, type UploaderContext } from '../../core/contract/index.ts'
import { syncFolder, writeDurably } from './durable-file.ts'
import { asUploadError } from './problems.ts'
import { LocalConfig } from './schema.ts'

type Context = UploaderContext<LocalConfig>

export default defineUploader<LocalConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Uploader',
    name: 'local',
    version: '1.0.0',
    summary: 'a folder of this computer, or one that is mounted on it',
    schemes: ['file'],
    secretKeys: [],
  },
  configSchema: LocalConfig,

  fromUrl(url) {
    if (url.host !== '') {
      throw pluginError('UPLOAD_URL_INVALID', `"${url.host}" stands where no host can stand in a file: URL`, {
        class: 'config',
        remedy: 'write three slashes, as in file:///var/backups/bundles',
      })
    }
    return { path: fileURLToPath(url) }
  },

  verify: (context) =>
    explained(context, async () => {
      context.signal.throwIfAborted()
      const probe = join(context.config.path, `.${randomUUID()}.probe`)
      const handle = await open(probe, 'wx', 0o600)
      try {
        await handle.writeFile('x')
        await handle.sync()
      } finally {
        await handle.close()
        await unlink(probe)
      }
    }),

  upload: (context, bundle) =>
    explained(context, async () => {
      context.signal.throwIfAborted()
      const file = fileOf(context, bundle.fileName)
      await makeFolder(folderOf(context))
      await writeDurably(file, bundle, context.signal)
      const checksum = { algorithm: 'sha256', value: bundle.sha256 }
      return { location: pathToFileURL(file).href, size: bundle.size, checksum, verified: true }
    }),

  async *open(context, fileName) {
    const file = fileOf(context, fileName)
    try {
      for await (const chunk of createReadStream(file, { signal: context.signal })) yield chunk as Buffer
    } catch (error) {
      context.signal.throwIfAborted()
      throw asUploadError(error, file)
    }
  },

  async *list(context) {
    for (const fileName of await explained(context, () => bundlesOf(context))) {
      context.signal.throwIfAborted()
      const found = await explained(context, () => unlessMissing(stat(fileOf(context, fileName))))
      if (found !== undefined) yield { fileName, size: found.size, at: found.mtime }
    }
  },

  remove: (context, fileName) =>
    explained(context, async () => {
      context.signal.throwIfAborted()
      await requireFolder(context)
      await unlessMissing(unlink(fileOf(context, fileName)))
      await unlessMissing(syncFolder(folderOf(context)))
    }),
})

function folderOf(context: Context): string {
  return join(context.config.path, segment(context.run.job))
}

function fileOf(context: Context, fileName: string): string {
  return join(folderOf(context), segment(fileName))
}

/** One name of a path. Hidden ones are ours: files that are being written. */
function segment(name: string): string {
  if (name !== '' && !name.startsWith('.') && basename(name) === name && !name.includes('\\')) return name
  throw pluginError('UPLOAD_NAME_INVALID', `"${name}" is no name of a file`, { class: 'bug' })
}

/** The names of this job's bundles, sorted; none when it has uploaded nothing yet. */
async function bundlesOf(context: Context): Promise<string[]> {
  await requireFolder(context)
  const entries = (await unlessMissing(readdir(folderOf(context), { withFileTypes: true }))) ?? []
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .toSorted()
}

/** Not made when missing: it may be a mount that is away. The disk below it must not fill unseen, nor be taken for empty. */
async function requireFolder(context: Context): Promise<void> {
  // With the dot, a file in its place is an error as well.
  await stat(`${context.config.path}/.`)
}

async function explained<Value>(context: Context, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    context.signal.throwIfAborted()
    throw asUploadError(error, context.config.path)
  }
}

/** Never the target itself, see `requireFolder`. `recursive` would also call a read-only file system a missing folder. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

async function unlessMissing<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
