import { type FileOutput, indentedJson, type Kube, missing, type Output, reasonLine } from '../../core/contract/index.ts'

interface ResourceRule {
  verbs?: string[]
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
}
interface ReviewStatus {
  resourceRules?: ResourceRule[]
  nonResourceRules?: { verbs?: string[]; nonResourceURLs?: string[] }[]
  incomplete?: boolean
  evaluationError?: string
}

/** What this user may do in each namespace, as the server says it. */
export interface AccessRules {
  /** Resolves once the server was asked about a namespace, and at once for one that is not in question. */
  asked(namespace: string): Promise<void>
  /** what there is to tell, once it was asked about all of them */
  outputs: Promise<Output[]>
}

/** Side by side, while lists have their turns as well. */
const AT_ONCE = 8
/** Failed so often and never answered: it will not be otherwise for the rest. */
const HOPELESS = 4
/** What an authorizer says that cannot tell rules: then nothing is known. */
const CANNOT_TELL = 'webhook authorizer does not support user rule resolution'

/**
 * Asks for the rules of each namespace, in their order, and is at it when this returns.
 *
 * @param onClosed told of a namespace in which pods may not be read, for sure, before it counts as asked
 */
export function reviewRules(
  kube: Kube,
  names: readonly string[],
  signal: AbortSignal,
  onClosed: (namespace: string) => void,
): AccessRules {
  const questions = new Map(names.map((name) => [name, Promise.withResolvers<void>()]))
  const outputs = review(kube, names, signal, onClosed, (name) => questions.get(name)?.resolve())
  // Whoever waits for one that is not asked any more hears why.
  outputs.catch((error: unknown) => questions.forEach(({ reject }) => reject(error)))
  for (const { promise } of questions.values()) promise.catch(() => undefined)
  return { outputs, asked: async (name) => questions.get(name)?.promise }
}

async function review(
  kube: Kube,
  names: readonly string[],
  signal: AbortSignal,
  onClosed: (namespace: string) => void,
  onAsked: (namespace: string) => void,
): Promise<Output[]> {
  const files = new Map<string, FileOutput>()
  const errors = new Map<string, string>()
  const failures: unknown[] = []
  /** Most namespaces have the same rules. */
  const texts = new Map<FileOutput['body'], FileOutput['body']>()
  const keep = (namespace: string, status: ReviewStatus) => {
    const { body, ...file } = indentedJson(`cluster-resources/auth-cani-list/${namespace}.json`, rulesOf(status))
    if (!texts.has(body)) texts.set(body, body)
    files.set(namespace, { ...file, body: texts.get(body) ?? body })
    if (!mayReadPods(status)) onClosed(namespace)
  }
  const rest = names.values()
  const work = async () => {
    for (const namespace of rest) {
      try {
        // A server that answers none of these would be waited for once a namespace.
        if (failures.length >= HOPELESS && files.size === 0) throw failures[0]
        const { json } = await kube.review('rules', { namespace })
        const status = (json['status'] ?? {}) as ReviewStatus
        keep(namespace, status)
        if (status.incomplete) errors.set(namespace, status.evaluationError ?? '')
      } catch (error) {
        signal.throwIfAborted()
        failures.push(error)
        errors.set(namespace, reasonLine(error))
      }
      onAsked(namespace)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  const outputs: Output[] = names.flatMap((name) => files.get(name) ?? [])
  const failed = Object.fromEntries(names.flatMap((name) => (errors.has(name) ? [[name, errors.get(name)]] : [])))
  if (errors.size > 0) outputs.push(indentedJson('cluster-resources/auth-cani-list-errors.json', failed))
  if (failures.length > 0) {
    const message = `what may be done is not known of all namespaces: ${reasonLine(failures[0])}`
    outputs.push(missing('ACCESS_RULES_MISSING', message, failures))
  }
  return outputs
}

/** The members that a rule of RBAC has, in its order; lists that are empty are left out. */
function rulesOf({ resourceRules, nonResourceRules }: ReviewStatus): object[] {
  const filled = (name: string, list: string[] | undefined) => (list?.length ? { [name]: list } : {})
  return [
    ...(resourceRules ?? []).map(({ verbs, apiGroups, resources, resourceNames }) => ({
      verbs: verbs ?? null,
      ...filled('apiGroups', apiGroups),
      ...filled('resources', resources),
      ...filled('resourceNames', resourceNames),
    })),
    ...(nonResourceRules ?? []).map(({ verbs, nonResourceURLs }) => ({
      verbs: verbs ?? null,
      ...filled('nonResourceURLs', nonResourceURLs),
    })),
  ]
}

function mayReadPods({ incomplete, evaluationError, resourceRules = [] }: ReviewStatus): boolean {
  if (incomplete && evaluationError === CANNOT_TELL) return true
  const has = (list: string[] = [], one: string) => list.includes('*') || list.includes(one)
  return resourceRules.some(
    ({ verbs, apiGroups, resources }) => has(verbs, 'get') && has(apiGroups, '') && has(resources, 'pods'),
  )
}
