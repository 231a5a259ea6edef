import { readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { manifestProblems, PLUGIN_KINDS } from '../core/contract/index.ts'

/**
 * Writes `manifest.json` beside each built plug-in of `lib`, so that the loader can tell what there is without importing it.
 *
 * @param lib the built `lib` folder, with `collectors/<name>/index.js` and `uploaders/<name>/index.js`
 * @throws when a plug-in's manifest is missing, not valid, or not named like its folder: the build must stop
 */
export async function writeManifests(lib: string): Promise<void> {
  for (const kind of ['collectors', 'uploaders']) {
    for (const entry of await readdir(join(lib, kind), { withFileTypes: true })) {
      if (entry.isDirectory()) await writeManifest(resolve(lib, kind, entry.name), entry.name)
    }
  }
}

async function writeManifest(folder: string, name: string): Promise<void> {
  const module = (await import(pathToFileURL(join(folder, 'index.js')).href)) as {
    default?: { manifest?: { name?: unknown; kind?: unknown } }
  }
  const manifest = module.default?.manifest
  const kind = PLUGIN_KINDS.find((known) => known === manifest?.kind) ?? 'Collector'
  const problems = manifestProblems(manifest, kind)
  if (problems.length === 0 && manifest?.name !== name) problems.push(`it is named "${String(manifest?.name)}"`)
  if (problems.length > 0) throw new Error(`${folder}: ${problems.join('; ')}`)
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}
