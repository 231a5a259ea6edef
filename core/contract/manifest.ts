import { CONTRACT } from './plugin.ts'

export const PLUGIN_KINDS = ['Collector', 'HostCollector', 'Uploader'] as const
export type PluginKind = (typeof PLUGIN_KINDS)[number]

/** What is wrong with a value, or undefined. The text goes after the field's name: `"version" <problem>`. */
type Rule = (value: unknown) => string | undefined

const common: Record<string, Rule> = {
  apiVersion: (value) => (value === CONTRACT ? undefined : `must be "${CONTRACT}"`),
  name: matches(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'must be kebab-case, like "host-cpu"'),
  version: matches(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/, 'must be a semantic version, like "1.0.0"'),
  summary: matches(/^\S.*$/, 'must be one line that is not empty'),
}

const collector: Record<string, Rule> = {
  ...common,
  specKey: matches(/^[A-Za-z][A-Za-z0-9-]*$/, 'must be letters, digits and "-", like "hostOS"'),
  permissions: each(permissionProblem),
  outputs: each(matches(/^(?!.*(^|\/)\.{0,2}(\/|$))[^\\]+$/, 'must be a relative folder, like "host-collectors/system"'), true),
}

const RULES: Record<PluginKind, Record<string, Rule>> = {
  Collector: collector,
  HostCollector: { ...collector, platforms: each(oneOf('linux', 'darwin', 'win32'), true) },
  Uploader: {
    ...common,
    schemes: each(matches(/^[a-z][a-z0-9+.-]*$/, 'must be a URL scheme in lower case, like "s3"'), true),
    secretKeys: each(secretKeyProblem),
  },
}

/**
 * What is wrong with the manifest of a plug-in of one kind: empty when nothing is.
 * Members that this version does not know are no problem: an optional one is not a new contract version.
 */
export function manifestProblems(manifest: unknown, kind: PluginKind): string[] {
  if (!isObject(manifest)) return ['the manifest must be an object']
  const kindRule = oneOf(kind)
  const rules: [string, Rule][] = [['kind', kindRule], ...Object.entries(RULES[kind])]
  return rules.flatMap(([field, rule]) => {
    const problem = rule(manifest[field])
    return problem === undefined ? [] : [`"${field}" ${problem}`]
  })
}

function permissionProblem(value: unknown): string | undefined {
  const wanted = 'must have lists of strings "apiGroups", "resources" and "verbs"'
  if (!isObject(value)) return wanted
  const lists = [value['apiGroups'], value['resources'], value['verbs']]
  return lists.every((list) => Array.isArray(list) && list.every((item) => typeof item === 'string')) ? undefined : wanted
}

function secretKeyProblem(value: unknown): string | undefined {
  const isKey = isObject(value) && isText(value['name']) && typeof value['required'] === 'boolean' && isText(value['why'])
  return isKey ? undefined : 'must have "name", "required" (true or false) and "why"'
}

function matches(pattern: RegExp, wanted: string): Rule {
  return (value) => (typeof value === 'string' && pattern.test(value) ? undefined : wanted)
}

function oneOf(...allowed: string[]): Rule {
  const wanted = `must be ${allowed.map((one) => `"${one}"`).join(' or ')}`
  return (value) => (typeof value === 'string' && allowed.includes(value) ? undefined : wanted)
}

function each(rule: Rule, atLeastOne = false): Rule {
  return (value) => {
    if (!Array.isArray(value)) return 'must be a list'
    if (atLeastOne && value.length === 0) return 'must not be empty'
    const problem = value.map(rule).find((found) => found !== undefined)
    return problem && `has an entry that ${problem}`
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
