/** A rule of a Role or ClusterRole. */
export interface Rule {
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  nonResourceURLs?: string[]
  verbs: string[]
}

/** One single right. `resource` holds a subresource too, like `pods/log`; a path is for the whole cluster. */
export type Right = { verb: string; group: string; resource: string; name?: string | undefined } | { verb: string; path: string }

/** The single rights that a rule is made of. */
export function rightsOf({ apiGroups = [], resources = [], resourceNames, nonResourceURLs = [], verbs }: Rule): Right[] {
  const names = resourceNames ?? [undefined]
  const ofResources = resources.flatMap((resource) =>
    apiGroups.flatMap((group) => names.map((name) => ({ group, resource, name }))),
  )
  return verbs.flatMap((verb) => [
    ...ofResources.map((one) => ({ verb, ...one })),
    ...nonResourceURLs.map((path) => ({ verb, path })),
  ])
}

/** `list pods`, `get secrets "a"`, `get deployments.apps`, `get /version`. */
export function showRight(right: Right): string {
  if ('path' in right) return `${right.verb} ${right.path}`
  const { verb, group, resource, name } = right
  return `${verb} ${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` "${name}"`}`
}

/** True when the rules grant a right, as RBAC reads them. */
export function grants(rules: readonly Rule[], right: Right): boolean {
  const has = (list: readonly string[] | undefined, word: string) => list?.includes(word) === true || list?.includes('*') === true
  return rules.some((rule) => {
    if (!has(rule.verbs, right.verb)) return false
    if ('path' in right) return has(rule.nonResourceURLs, right.path)
    const { name } = right
    const isNamed = !rule.resourceNames?.length || (name !== undefined && rule.resourceNames.includes(name))
    return has(rule.apiGroups, right.group) && has(rule.resources, right.resource) && isNamed
  })
}

/** The fewest rules that grant these rights: one for each set of verbs, group and names. */
export function rulesOf(rights: readonly Right[]): Rule[] {
  const verbs = new Map<string, { right: Right; verbs: Set<string> }>()
  for (const right of rights) {
    const key = JSON.stringify({ ...right, verb: '' })
    const known = verbs.get(key) ?? { right, verbs: new Set<string>() }
    verbs.set(key, { right, verbs: known.verbs.add(right.verb) })
  }
  const rules = new Map<string, Rule>()
  for (const { right, verbs: all } of verbs.values()) {
    const sorted = [...all].toSorted()
    if ('path' in right) {
      const rule = rules.get(`paths ${sorted.join()}`) ?? { nonResourceURLs: [], verbs: sorted }
      rule.nonResourceURLs?.push(right.path)
      rules.set(`paths ${sorted.join()}`, rule)
      continue
    }
    const { group, resource, name } = right
    // Names of one resource stand together; a rule with names of several resources would mix them up.
    const key = `${group} ${name === undefined ? '' : resource} ${sorted.join()}`
    const rule = rules.get(key) ?? { apiGroups: [group], resources: [], verbs: sorted }
    if (!rule.resources?.includes(resource)) rule.resources?.push(resource)
    if (name !== undefined) rule.resourceNames = [...(rule.resourceNames ?? []), name]
    rules.set(key, rule)
  }
  return [...rules.values()]
}
