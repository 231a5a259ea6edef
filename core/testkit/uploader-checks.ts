import type { UploaderPlugin } from '../contract/index.ts'
import { isPluginError } from '../contract/index.ts'
import { type Check, check, checkBasics, parsed, reason } from './check.ts'
import { FarSide } from './far-side.ts'
import { bytesOf } from './gather.ts'
import { type MemoryBundle, memoryBundle } from './memory-bundle.ts'

/** What an uploader is checked with. */
export interface UploaderChecks {
  /** the name of the plug-in's folder */
  folder: string
  /** as it stands under `upload` in a job; leads to a far side that the checks may fill and empty. Default: no fields */
  config?: object
  /** values that are found again if they leak: long, and found nowhere else */
  secrets?: Record<string, string>
  /** URLs of `--upload` that it must understand */
  urls?: string[]
}

/** Does an uploader keep the contract? Each check works for a job of its own. Tied to no test runner: see `failed`. */
export async function checkUploader(plugin: UploaderPlugin, options: UploaderChecks): Promise<Check[]> {
  const { folder, config = {}, secrets = {}, urls = [] } = options
  const basics = await checkBasics(plugin, { folder, kind: 'Uploader', configs: [config], common: {} })
  const value = await parsed(plugin.configSchema, config).catch(() => undefined)
  if (value === undefined) return basics
  const far = new FarSide(plugin, value, secrets)
  const checks = []
  for (const [name, look] of CHECKS) checks.push(await check(name, () => look(far)))
  return [
    ...basics,
    ...checks,
    await check('its URLs give a config', () => urlProblems(plugin, urls)),
    await check('only secrets of the manifest are asked for', () => far.undeclared()),
    await check('no secret stands in a message, receipt or log', () => far.leaks()),
  ]
}

const CHECKS: [name: string, look: (far: FarSide) => Promise<string[]>][] = [
  ['the receipt tells what was stored', receiptProblems],
  ['the stream is read once a try', rereadProblems],
  ['twice is one object', twiceProblems],
  ['verify leaves nothing behind', verifyProblems],
  [
    'a stream that ends early is refused, and nothing is kept of it',
    (far) => faultProblems(far, memoryBundle({ fault: 'short' })),
  ],
  ['a stream that fails is refused, and nothing is kept of it', (far) => faultProblems(far, memoryBundle({ fault: 'error' }))],
  ['an abort before it starts sends nothing', abortBeforeProblems],
  ['an abort in the middle ends the try, and nothing is kept of it', abortDuringProblems],
  ['a job sees only its own bundles', otherJobProblems],
  ['what was sent can be read again', readProblems],
  ['what was removed is gone, and removing it again is no error', removeProblems],
]

async function receiptProblems(far: FarSide): Promise<string[]> {
  const bundle = memoryBundle()
  const { location, size, checksum } = await far.upload(far.job(), bundle)
  const problems = []
  if (location === '' || /[?&][\w-]*(sig|signature|token|credential)[\w-]*=/i.test(location))
    problems.push(`location "${location}"`)
  if (size !== bundle.size) problems.push(`size ${size} instead of ${bundle.size}`)
  if (checksum?.algorithm === 'sha256' && checksum.value !== bundle.sha256) problems.push(`checksum ${checksum.value}`)
  return problems
}

async function rereadProblems(far: FarSide): Promise<string[]> {
  const bundle = memoryBundle()
  await far.upload(far.job(), bundle)
  return bundle.handedOut() <= bundle.size ? [] : [`${bundle.handedOut()} bytes of ${bundle.size} were read`]
}

async function twiceProblems(far: FarSide): Promise<string[]> {
  const context = far.job()
  for (let time = 0; time < 2; time++) await far.upload(context, memoryBundle())
  const { fileName, size } = memoryBundle()
  return different(await far.stored(context), [{ fileName, size }])
}

async function verifyProblems(far: FarSide): Promise<string[]> {
  const context = far.job()
  if (far.plugin.verify) await far.heard(far.plugin.verify(context))
  return different(await far.stored(context), [])
}

async function faultProblems(far: FarSide, bundle: MemoryBundle): Promise<string[]> {
  const context = far.job()
  const error = await thrown(far.upload(context, bundle))
  if (error === undefined) return ['the upload succeeded']
  // What the stream itself threw may pass as it is.
  const isClassed = isPluginError(error) || (error instanceof Error && error.message === 'the stream broke')
  return [...(isClassed ? [] : [`the error has no class: ${reason(error)}`]), ...different(await far.stored(context), [])]
}

async function abortBeforeProblems(far: FarSide): Promise<string[]> {
  const bundle = memoryBundle()
  const context = far.job(AbortSignal.abort(new Error('aborted by the check')))
  const error = await thrown(far.upload(context, bundle))
  if (error === undefined) return ['the upload succeeded']
  return bundle.handedOut() === 0 ? [] : [`${bundle.handedOut()} bytes were read`]
}

async function abortDuringProblems(far: FarSide): Promise<string[]> {
  const controller = new AbortController()
  const context = far.job(controller.signal)
  const bundle = memoryBundle({ fault: () => controller.abort(new Error('aborted by the check')) })
  const error = await thrown(far.upload(context, bundle))
  if (error === undefined) return ['the upload succeeded']
  return different(await far.stored({ ...context, signal: new AbortController().signal }), [])
}

async function otherJobProblems(far: FarSide): Promise<string[]> {
  await far.upload(far.job(), memoryBundle())
  return different(await far.stored(far.job()), [])
}

async function readProblems(far: FarSide): Promise<string[]> {
  if (!far.plugin.open) return []
  const context = far.job()
  const bundle = memoryBundle({ seed: 2 })
  await far.upload(context, bundle)
  const stream = far.plugin.open(context, bundle.fileName)
  const read = await bytesOf(() => stream)
  return Buffer.compare(read, bundle.bytes) === 0 ? [] : [`${read.length} bytes came back, or others than were sent`]
}

async function removeProblems(far: FarSide): Promise<string[]> {
  if (!far.plugin.remove) return []
  const context = far.job()
  await far.upload(context, memoryBundle())
  for (let time = 0; time < 2; time++) await far.heard(far.plugin.remove(context, memoryBundle().fileName))
  return different(await far.stored(context), [])
}

async function urlProblems(plugin: UploaderPlugin, urls: string[]): Promise<string[]> {
  const problems = []
  for (const text of urls) {
    const url = new URL(text)
    if (!plugin.manifest.schemes.includes(url.protocol.slice(0, -1))) problems.push(`${text}: its scheme is not in the manifest`)
    const config = plugin.fromUrl?.(url)
    const { issues } = await plugin.configSchema['~standard'].validate(config)
    if (issues) problems.push(`${text}: ${issues.map(({ message }) => message).join(', ')}`)
  }
  return problems
}

function different(stored: object[] | undefined, wanted: object[]): string[] {
  if (stored === undefined || JSON.stringify(stored) === JSON.stringify(wanted)) return []
  return [`at the far side lies ${JSON.stringify(stored)} instead of ${JSON.stringify(wanted)}`]
}

async function thrown(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
    return undefined
  } catch (error) {
    return error
  }
}
