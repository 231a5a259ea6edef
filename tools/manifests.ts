import { readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Writes `manifest.json` beside each built plug-in of `lib`, so that the loader can tell what there is without importing it.
 *
 * @param lib the built `lib` folder, with `collectors/<name>/index.js` and `uploaders/<name>/index.js`
 * @throws when a plug-in has no default export with a manifest, or its name is not that of its folder: the build must stop
 */
export async function writeManifests(lib: string): Promise<void> {
  for (const kind of ['collectors', 'uploaders']) {
    for (const entry of await readdir(join(lib, kind), { withFileTypes: true })) {
      if (entry.isDirectory()) await writeManifest(resolve(lib, kind, entry.name), entry.name)
    }
  }
}

async function writeManifest(folder: string, name: string): Promise<void> {
  const module = (await import(pathToFileURL(join(folder, 'index.js')).href)) as { default?: { manifest?: { name?: unknown } } }
  const manifest = module.default?.manifest
  if (manifest === undefined) throw new Error(`${folder}/index.js has no default export with a manifest`)
  if (manifest.name !== name) throw new Error(`${folder}: its manifest is named "${String(manifest.name)}"`)
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}
