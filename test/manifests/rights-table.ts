import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isMap, isSeq, parseDocument } from 'yaml'
import { type Manifest, MANIFESTS, type Rule } from './kustomize.ts'

interface File {
  path: string
  object: Manifest
  /** the comment above each rule */
  reasons: string[]
}

const AGGREGATE = 'rbac.authorization.k8s.io/aggregate-to-'

/** From what everybody has to what few want; what is new comes last. */
const ORDER = [
  'cluster-role.yaml',
  'agent/',
  'tenant/identities/',
  'tenant/',
  'cluster-jobs/',
  'host-access/',
  'viewer/',
  'namespaced/',
]

/** All rights that manifests/ grants, in Markdown, a table a role: who has them comes from the bindings, why from the comments. */
export function rightsTables(): string {
  const files = readdirSync(MANIFESTS, { recursive: true, encoding: 'utf8' })
    .filter((path) => /role[a-z-]*\.yaml$/.test(path))
    .toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(readFile)
  const roles = files.filter(({ object }) => object.rules)
  return roles
    .map((role) => `### ${holderOf(role, files)}, ${placeOf(role)}\n\n\`${role.path}\`\n\n${tableOf(role)}`)
    .join('\n\n')
}

function rank(path: string): number {
  const at = ORDER.findIndex((begin) => path.startsWith(begin))
  return at === -1 ? ORDER.length : at
}

const tableOf = ({ object, reasons }: File) =>
  ['| may | why |', '|---|---|', ...(object.rules ?? []).map((rule, at) => `| ${showRule(rule)} | ${reasons[at]} |`)].join('\n')

function readFile(path: string): File {
  const document = parseDocument(readFileSync(join(MANIFESTS, path), 'utf8'))
  const rules = isMap(document.contents) ? document.contents.get('rules', true) : undefined
  const reasons = isSeq(rules)
    ? rules.items.map(
        (item, at) => (isMap(item) ? item.commentBefore : undefined) ?? (at === 0 ? rules.commentBefore : undefined),
      )
    : []
  return { path, object: document.toJS() as Manifest, reasons: reasons.map(sentence) }
}

const sentence = (comment: string | null | undefined) => (comment ?? '').replaceAll(/\s*\n\s*/g, ' ').trim()

function holderOf({ path, object }: File, files: readonly File[]): string {
  const label = Object.keys(object.metadata.labels ?? {}).find((key) => key.startsWith(AGGREGATE))
  if (label) return `People with the role \`${label.slice(AGGREGATE.length)}\``
  const binding = files.find(
    (file) =>
      dirname(file.path) === dirname(path) &&
      file.object.roleRef?.kind === object.kind &&
      file.object.roleRef.name === object.metadata.name,
  )
  const subjects = binding?.object.subjects ?? []
  return subjects.map(({ name, namespace }) => `\`${name}\` of ${placeName(path, namespace)}`).join(', ')
}

const placeOf = ({ path, object }: File) =>
  object.kind === 'Role'
    ? `in ${placeName(path, object.metadata.namespace)}`
    : object.metadata.labels?.['app.kubernetes.io/component'] === 'api'
      ? 'where that is bound'
      : 'everywhere'

/** A tenant's namespace, and that of a namespaced install, is the user's own. */
const placeName = (path: string, namespace = '') => (/^(tenant|namespaced)\//.test(path) ? 'the namespace' : `\`${namespace}\``)

function showRule({ apiGroups = [], resources = [], resourceNames, nonResourceURLs = [], verbs }: Rule): string {
  const group = apiGroups.filter(Boolean).join(', ')
  const what = [...resources, ...nonResourceURLs].map((one) => `\`${one}\``).join(', ')
  const names = resourceNames ? ` named ${resourceNames.map((name) => `\`${name}\``).join(' or ')}` : ''
  return `${verbs.join(', ')}: ${what}${group ? ` of ${group}` : ''}${names}`
}
