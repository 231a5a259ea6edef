import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from '../../core/errors.ts'
import { type KubeObject, kindOf } from '../../core/kube/apply-kinds.ts'
import { systemCode } from '../../core/store/file-system.ts'
import { parseYaml } from '../../core/yaml.ts'
import { withImages, withNamespace } from './edits.ts'

/** What our manifests use of kustomize, and nothing else: resources are read and put together, no patches. */
interface Kustomization {
  apiVersion: string
  kind: string
  namespace?: string
  resources: string[]
  images?: ImageEntry[]
}

export interface ImageEntry {
  name: string
  newName: string
  newTag: string
}

const KNOWN = ['apiVersion', 'kind', 'namespace', 'resources', 'images']

/**
 * All objects of a folder of manifests, as `kubectl kustomize` gives them.
 *
 * @throws FILE_NOT_FOUND for an incomplete installation, INTERNAL for a manifest that this reader does not understand
 */
export function readManifests(folder: string): KubeObject[] {
  const file = join(folder, 'kustomization.yaml')
  const value = readYaml(file) as Kustomization
  const unknown = Object.keys(value).find((key) => !KNOWN.includes(key))
  if (unknown !== undefined || value.kind !== 'Kustomization')
    throw fail('INTERNAL', { reason: `${file}: ${unknown ?? value.kind} is not understood` })
  const objects = value.resources.flatMap((resource) => {
    const path = join(folder, resource)
    return resource.endsWith('.yaml') ? [readObject(path)] : readManifests(path)
  })
  const placed = value.namespace === undefined ? objects : withNamespace(objects, value.namespace)
  return withImages(placed, value.images ?? [])
}

/** One object, or a list of operations, as a file has it. */
export function readYaml(file: string): unknown {
  const { value, issues } = parseYaml(readText(file))
  if (issues[0]) throw fail('INTERNAL', { reason: `${file}, line ${issues[0].line}: ${issues[0].message}` })
  return value
}

function readObject(file: string): KubeObject {
  const object = readYaml(file) as KubeObject
  kindOf(object)
  return object
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const reason = `${systemCode(error) ?? 'it is not there'}: a part of this program is missing; install it again`
    throw fail('FILE_NOT_FOUND', { source: file, reason }, error)
  }
}
