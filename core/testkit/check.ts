import type { ConfigSchema, PluginKind } from '../contract/index.ts'
import { manifestProblems } from '../contract/index.ts'

/** The result of one check. `detail` says what is wrong, only when something is. */
export interface Check {
  check: string
  ok: boolean
  detail?: string
}

/** Does one check: `look` gives what is wrong, each in a line; a throw is a problem as well. */
export async function check(name: string, look: () => string[] | Promise<string[]>): Promise<Check> {
  const problems = await attempt(look)
  return problems.length === 0 ? { check: name, ok: true } : { check: name, ok: false, detail: problems.join('; ') }
}

/** What failed, a line each: `expect(failed(await checkCollector(…))).toEqual([])` says all in one assertion. */
export function failed(checks: Check[]): string[] {
  return checks.filter(({ ok }) => !ok).map(({ check, detail = '' }) => `${check}: ${detail}`)
}

/** What every plug-in is checked for: its manifest, and a schema that knows its own keys. */
export async function checkBasics(
  plugin: { manifest: { name: string }; configSchema: ConfigSchema },
  { folder, kind, configs, common }: { folder: string; kind: PluginKind; configs: object[]; common: object },
): Promise<Check[]> {
  return [
    await check('the manifest is valid', () => manifestProblems(plugin.manifest, kind)),
    await check('the name is that of the folder', () =>
      plugin.manifest.name === folder ? [] : [`"${plugin.manifest.name}" lies in "${folder}"`],
    ),
    await check('its own keys and the common ones are accepted', async () => {
      const issues = []
      for (const config of configs) issues.push(...(await issuesOf(plugin.configSchema, { ...common, ...config })))
      return issues
    }),
    await check('an unknown key is reported', async () => {
      const issues = await issuesOf(plugin.configSchema, { ...configs[0], noSuchKeyAtAll: true })
      return issues.length > 0 ? [] : ['a misspelt key would be dropped without a word']
    }),
  ]
}

/** The config as the schema gives it, defaults filled in. @throws when the schema refuses it */
export async function parsed(schema: ConfigSchema, config: object): Promise<unknown> {
  const result = await schema['~standard'].validate(config)
  if (result.issues)
    throw new Error(`config ${JSON.stringify(config)} is refused: ${result.issues.map(({ message }) => message).join(', ')}`)
  return result.value
}

/** One line that says what was thrown. */
export function reason(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

async function issuesOf(schema: ConfigSchema, config: object): Promise<string[]> {
  const result = await schema['~standard'].validate(config)
  return (result.issues ?? []).map(({ message }) => message)
}

async function attempt(look: () => string[] | Promise<string[]>): Promise<string[]> {
  try {
    return await look()
  } catch (error) {
    return [reason(error)]
  }
}
