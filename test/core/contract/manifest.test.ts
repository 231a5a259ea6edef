import { expect, it } from 'vitest'
import { CONTRACT, manifestProblems, type PluginKind } from '../../../core/contract/index.ts'

const common = { apiVersion: CONTRACT, name: 'host-cpu', version: '1.0.0', summary: 'CPUs' }
const collector = { ...common, kind: 'Collector', specKey: 'cpu', permissions: [], outputs: ['system', '$name'] }
const host = { ...collector, kind: 'HostCollector', platforms: ['linux'] }
const uploader = { ...common, kind: 'Uploader', schemes: ['s3'], secretKeys: [{ name: 'key', required: true, why: 'to sign' }] }

it.each<[PluginKind, object]>([
  ['Collector', collector],
  ['Collector', { ...collector, permissions: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'], why: 'x' }] }],
  ['Collector', { ...collector, version: '1.2.3-rc.1+5', addedLater: true }],
  ['HostCollector', host],
  ['Uploader', uploader],
])('accepts a %s', (kind, manifest) => {
  expect(manifestProblems(manifest, kind)).toEqual([])
})

it.each<[PluginKind, unknown, string[]]>([
  ['Collector', undefined, ['the manifest must be an object']],
  ['Collector', [], ['the manifest must be an object']],
  ['Collector', host, ['"kind" must be "Collector"']],
  ['Collector', { ...collector, apiVersion: 'v2' }, [`"apiVersion" must be "${CONTRACT}"`]],
  ['Collector', { ...collector, name: 'hostCPU' }, ['"name" must be kebab-case, like "host-cpu"']],
  ['Collector', { ...collector, version: 1 }, ['"version" must be a semantic version, like "1.0.0"']],
  ['Collector', { ...collector, summary: 'two\nlines' }, ['"summary" must be one line that is not empty']],
  ['Collector', { ...collector, specKey: 'c p u' }, ['"specKey" must be letters, digits and "-", like "hostOS"']],
  ['Collector', { ...collector, outputs: [] }, ['"outputs" must not be empty']],
  ['Collector', { ...collector, permissions: {} }, ['"permissions" must be a list']],
  [
    'Collector',
    { ...collector, permissions: [{ apiGroups: '', resources: [], verbs: [] }] },
    ['"permissions" has an entry that must have lists of strings "apiGroups", "resources" and "verbs"'],
  ],
  ['HostCollector', { ...host, platforms: ['plan9'] }, ['"platforms" has an entry that must be "linux" or "darwin" or "win32"']],
  ['HostCollector', { ...host, platforms: undefined }, ['"platforms" must be a list']],
  ['Uploader', { ...uploader, schemes: ['S3'] }, ['"schemes" has an entry that must be a URL scheme in lower case, like "s3"']],
  [
    'Uploader',
    { ...uploader, secretKeys: [{ name: 'key' }] },
    ['"secretKeys" has an entry that must have "name", "required" (true or false) and "why"'],
  ],
])('says what is wrong with a %s: %j', (kind, manifest, problems) => {
  expect(manifestProblems(manifest, kind)).toEqual(problems)
})

it.each(['/abs', 'a/../b', '..', '.', '', 'a//b', 'a/', 'a\\b'])('refuses the output folder %j', (folder) => {
  expect(manifestProblems({ ...collector, outputs: ['ok', folder] }, 'Collector')).toHaveLength(1)
})

it('names all problems of a manifest', () => {
  expect(manifestProblems({}, 'Uploader')).toHaveLength(7)
})
