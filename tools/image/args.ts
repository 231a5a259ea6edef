import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Architecture, ARCHITECTURES, isArchitecture, KNOWN } from './architectures.ts'
import type { BuildOptions } from './build.ts'
import { TITLE } from './config.ts'

export const USAGE = `usage: npm run image -- [--arch ${KNOWN.join('|')}]... [--all] [--to FILE] [--tag NAME]

  --arch   for which processor; several make one image for all of them (default: this machine's)
  --all    for all of them
  --to     the OCI archive (default: build/image/${TITLE}-VERSION.tar)
  --tag    the image's name (default: localhost/${TITLE}:VERSION)
`

/** Room and speed do not matter here, the size does. */
const GZIP_LEVEL = 9

interface Defaults {
  root: string
  version: string
  /** process.arch */
  nodeArch: string
}

/**
 * What the command line asks for; undefined = the usage.
 *
 * @throws an Error that says which word is wrong
 */
export function readArgs(argv: readonly string[], { root, version, nodeArch }: Defaults): BuildOptions | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      arch: { type: 'string', multiple: true },
      all: { type: 'boolean' },
      to: { type: 'string' },
      tag: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return undefined
  const staging = join(root, 'build', 'image')
  return {
    architectures: chosen(values.all ? KNOWN : values.arch, nodeArch),
    to: resolve(values.to ?? join(staging, `${TITLE}-${version}.tar`)),
    tag: values.tag ?? `localhost/${TITLE}:${version}`,
    level: GZIP_LEVEL,
    staging,
  }
}

/** In one order, however they were named: else the same image would have two digests. */
function chosen(names: readonly string[] | undefined, nodeArch: string): Architecture[] {
  const own = KNOWN.filter((name) => ARCHITECTURES[name].nodeArch === nodeArch)
  const wanted = names ?? own
  const unknown = wanted.find((name) => !isArchitecture(name))
  if (unknown !== undefined) throw new Error(`--arch ${unknown}: known are ${KNOWN.join(' and ')}`)
  if (wanted.length === 0) throw new Error(`no image is made for this machine's ${nodeArch}: name one with --arch`)
  return KNOWN.filter((name) => wanted.includes(name))
}
