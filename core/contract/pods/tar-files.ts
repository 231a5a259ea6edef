import { isBinary, SAMPLE_BYTES } from './binary-sample.ts'
import { reasonLine } from '../cluster-source.ts'
import type { Execution, Kube } from '../collector.ts'
import { onceBody } from './once-body.ts'
import { warning } from '../outputs.ts'
import { type FileOutput, type Output, pluginError } from '../plugin.ts'
import { bytesOfBody } from './read-body.ts'
import type { ExecTarget } from './selected-pods.ts'
import { type TarEntry, tarEntries } from './tar-entries.ts'

/** What of a container is read with its own `tar`. */
export interface TarSource {
  kube: Kube
  /** of the run: what fails once it has fired is nobody's failure */
  signal: AbortSignal
  /** ends the command before */
  until?: AbortSignal
  target: ExecTarget
  /** a folder of the container, and what in it is read */
  folder: string
  name: string
}

/** How reading ended. */
export interface TarEnd {
  /** that were given */
  files: number
  /** undefined: all is there */
  error?: { message: string; thrown: unknown }
  stderr: string
}

/** Up to this size a file is held in memory; a larger one is handed on as it comes. */
const HELD_BYTES = 256 * 1024
const STDERR_BYTES = 64 * 1024

/** Starts the command, with an end of its own. */
async function openTar({ kube, signal, until = signal, target, folder, name }: TarSource) {
  const left = new AbortController()
  const command = ['tar', '-C', folder, '-cf', '-', name.startsWith('-') ? `./${name}` : name]
  const running = await kube.exec(target, command, { signal: AbortSignal.any([until, left.signal]) })
  return { running, leave: () => left.abort(new Error('nobody read on')) }
}

/**
 * The files of a folder or file of a container, one by one as they come, below `to` in the bundle. Links are never followed:
 * they, devices and names that lead out of the folder are left out, with a warning.
 */
export async function* tarFiles(source: TarSource, to: string): AsyncGenerator<Output, TarEnd> {
  const end: TarEnd = { files: 0, stderr: '' }
  const passedOver = new Map<string, PassedOver>()
  let running: Execution | undefined
  let leave = () => {}
  try {
    ;({ running, leave } = await openTar(source))
    for await (const entry of tarEntries(running.stdout())) {
      if (entry.type === 'folder') continue
      const path = safePath(entry.name)
      const why = whyNot(entry, path)
      if (why !== undefined) {
        const { first = entry.name, count = 0 } = passedOver.get(why) ?? {}
        passedOver.set(why, { first, count: count + 1 })
      } else {
        yield* entryFile(entry, `${to}/${path}`)
        end.files++
      }
    }
  } catch (thrown) {
    end.error = { message: reasonLine(thrown), thrown }
  } finally {
    leave()
  }
  Object.assign(end, await tarEnd(source, running, end.error))
  for (const [why, names] of passedOver) yield warning('COPY_LEFT_OUT', leftOut(source.target, why, names))
  return end
}

/** The same as one archive, as it is: the host opens it to redact its files. */
export async function* tarArchive(source: TarSource, path: string): AsyncGenerator<Output, TarEnd> {
  const end: TarEnd = { files: 0, stderr: '' }
  let running: Execution | undefined
  let leave = () => {}
  try {
    ;({ running, leave } = await openTar(source))
    const pieces = running.stdout()[Symbol.asyncIterator]()
    let step = await pieces.next()
    // The end of an archive alone: there was nothing to put into it.
    while (!step.done && step.value.every((byte) => byte === 0)) step = await pieces.next()
    if (!step.done) {
      end.files++
      const body = onceBody(async function* () {
        for (; !step.done; step = await pieces.next()) yield step.value
      })
      yield { type: 'file', path, format: 'binary', body: body.open }
      body.close()
    }
  } catch (thrown) {
    end.error = { message: reasonLine(thrown), thrown }
  } finally {
    leave()
  }
  return Object.assign(end, await tarEnd(source, running, end.error))
}

/** What the command said at its end. An error that was there before stays the one that counts. */
async function tarEnd(
  { signal, target }: Pick<TarSource, 'signal' | 'target'>,
  running: Execution | undefined,
  before?: TarEnd['error'],
): Promise<Pick<TarEnd, 'error' | 'stderr'>> {
  const [ended] = await Promise.allSettled([running?.exitCode])
  const stderr = running ? Buffer.from(await bytesOfBody(running.stderr, STDERR_BYTES)).toString('utf8') : ''
  signal.throwIfAborted()
  const code = ended.status === 'fulfilled' ? (ended.value ?? 0) : 0
  const thrown: unknown = ended.status === 'rejected' ? ended.reason : undefined
  const said = thrown === undefined ? exitError(code, stderr) : { message: reasonLine(thrown), thrown }
  // An archive that breaks off does so because the command ended: that says more.
  const error = isGivenUp(thrown) || !said ? before : said
  if (!error) return { stderr }
  if (!hasNoTar(code, error.message)) return { error, stderr }
  return { error: { ...error, message: `container "${target.container}" has no program "tar": ${error.message}` }, stderr }
}

function exitError(code: number, stderr: string): TarEnd['error'] {
  if (code === 0) return undefined
  const message = `command terminated with exit code ${code}`
  // What there is not is nobody's loss.
  const isAbsent = NOT_THERE.test(stderr)
  return { message, thrown: isAbsent ? pluginError('PATH_NOT_FOUND', message, { class: 'config' }) : undefined }
}

const NOT_THERE = /no such file or directory/i
const hasNoTar = (code: number, message: string) =>
  code === 126 || code === 127 || /executable file not found|"tar".*no such file|no such file.*"tar"/i.test(message)

/** We ended it ourselves, since its output could not be read on. */
const isGivenUp = (thrown: unknown) => /nobody read on/.test(reasonLine(thrown))

async function* entryFile(entry: TarEntry, path: string): AsyncGenerator<Output> {
  const pieces = entry.body[Symbol.asyncIterator]()
  const start: Uint8Array[] = []
  let held = 0
  const wanted = entry.size <= HELD_BYTES ? entry.size : SAMPLE_BYTES
  while (held < wanted) {
    const step = await pieces.next()
    if (step.done) break
    start.push(Buffer.from(step.value))
    held += step.value.length
  }
  const first = Buffer.concat(start)
  const file: FileOutput = { type: 'file', path, format: isBinary(first) ? 'binary' : 'text', body: first }
  if (held >= entry.size) return yield file
  const rest = onceBody(async function* () {
    yield first
    for (let step = await pieces.next(); !step.done; step = await pieces.next()) yield step.value
  })
  yield { ...file, body: rest.open }
  rest.close()
}

/** The path of an entry below the folder it is unpacked into; undefined when it would lead out of it. */
function safePath(name: string): string | undefined {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (name.startsWith('/') || parts.length === 0 || parts.includes('..')) return undefined
  return parts.map((part) => (/^[. ]+$/.test(part) ? '_' : part.replaceAll(/[\\\u0000-\u001f\u007f-\u009f]/g, '_'))).join('/')
}

function whyNot({ type }: TarEntry, path: string | undefined): string | undefined {
  if (type === 'link') return 'a link, which is not followed'
  if (type === 'other') return 'a device, a sparse file or the like'
  return path === undefined ? 'a name that leads out of its folder' : undefined
}

/** There may be as many as an archive can hold: the first stands for all. */
interface PassedOver {
  first: string
  count: number
}

function leftOut({ namespace, name }: ExecTarget, why: string, { first, count }: PassedOver): string {
  const more = count > 1 ? ` (and ${count - 1} more)` : ''
  return `${namespace}/${name}: ${JSON.stringify(first)}${more} is left out: ${why}`
}
