import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { writeManifests } from '../../tools/manifests.ts'

let lib: string
beforeEach(() => {
  lib = mkdtempSync(join(tmpdir(), 'lib-'))
  mkdirSync(join(lib, 'collectors'))
  mkdirSync(join(lib, 'uploaders'))
  writeFileSync(join(lib, 'package.json'), '{"type":"module"}')
})
afterEach(() => rmSync(lib, { recursive: true }))

function built(folder: string, source: string): void {
  mkdirSync(join(lib, folder))
  writeFileSync(join(lib, folder, 'index.js'), source)
}

const manifest = {
  apiVersion: 'support-bundle-schedule/v1',
  kind: 'Uploader',
  name: 'void',
  version: '1.0.0',
  summary: 'nothing',
  schemes: ['void'],
  secretKeys: [],
}

it('writes the manifest beside each plug-in', async () => {
  built('uploaders/void', `export default { manifest: ${JSON.stringify(manifest)} }`)
  await writeManifests(lib)
  expect(readdirSync(join(lib, 'uploaders/void')).toSorted()).toEqual(['index.js', 'manifest.json'])
  expect(JSON.parse(readFileSync(join(lib, 'uploaders/void/manifest.json'), 'utf8'))).toEqual(manifest)
})

it.each([
  ['no default export', 'export const manifest = {}', /the manifest must be an object/],
  ['another name', `export default { manifest: ${JSON.stringify({ ...manifest, name: 'nil' })} }`, /it is named "nil"/],
  ['no valid version', `export default { manifest: ${JSON.stringify({ ...manifest, version: '1' })} }`, /"version" must be/],
])('stops the build for %s', async (_, source, message) => {
  built('uploaders/void', source)
  await expect(writeManifests(lib)).rejects.toThrow(message)
})
