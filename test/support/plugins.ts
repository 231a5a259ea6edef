import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Third-party plug-ins as their authors mount them: one folder each, a plain object, no imports of ours. */

const schema = `{ '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }`

const common = (name: string) =>
  `apiVersion: 'support-bundle-schedule/v1', name: '${name}', version: '1.0.0', summary: 'made by a test'`

/** The module of a collector `name` whose `collect(context)` has this body. Its key is the name, unless told. */
export function collectorModule(name: string, body: string, options: { specKey?: string; before?: string } = {}): string {
  const { specKey = name, before = '' } = options
  return `${before}
export default {
  manifest: { ${common(name)}, kind: 'Collector', specKey: '${specKey}', permissions: [], outputs: ['${name}'] },
  configSchema: ${schema},
  async *collect(context) {
${body}
  },
}
`
}

/** The module of an uploader `name`; `upload(context, bundle)` has this body. `members` are further members. */
export function uploaderModule(name: string, body: string, members = ''): string {
  return `export default {
  manifest: { ${common(name)}, kind: 'Uploader', schemes: ['${name}'], secretKeys: [] },
  configSchema: ${schema},
  async upload(context, bundle) {
${body}
  },
  ${members}
}
`
}

/** Writes `<plugins>/<room>/<folder>/index.js`. */
export async function writePlugin(
  plugins: string,
  room: 'collectors' | 'uploaders',
  folder: string,
  module: string,
): Promise<void> {
  const path = join(plugins, room, folder)
  await mkdir(path, { recursive: true })
  await writeFile(join(path, 'index.js'), module)
}

/** Writes collectors by name, each with the body of its `collect`. */
export async function writeCollectors(plugins: string, bodies: Record<string, string>): Promise<void> {
  for (const [name, body] of Object.entries(bodies)) await writePlugin(plugins, 'collectors', name, collectorModule(name, body))
}
