import type { Kube, RawObject } from '../../../core/contract/index.ts'
import { fail, type Problem, asProblem } from '../../../core/errors.ts'

/**
 * The port without some Secrets, named `namespace/name`: those that jobs upload with. Who may write a job could else have
 * their values collected, with rights that the writer does not have. Each that a list leaves out is told to `onLoss`.
 */
export function withholding(port: Kube, withheld: readonly string[], onLoss: (problem: Problem) => void): Kube {
  if (withheld.length === 0) return port
  const names = new Set(withheld)
  const check = (path: string) => {
    const secret = secretOf(path)
    // A list by its path comes as it is: there is no leaving out.
    if (secret === '*') throw refusal('Secrets by the path of their list')
    if (secret !== undefined && names.has(secret)) throw refusal(`the Secret "${secret}"`)
  }
  return {
    ...port,
    async *list(target, query) {
      const isSecrets = target.plural === 'secrets' && !target.group
      for await (const page of port.list(target, query)) {
        if (!isSecrets) {
          yield page
          continue
        }
        const items = page.items.filter((item) => !names.has(nameOf(item)))
        for (const item of page.items) if (!items.includes(item)) onLoss(asProblem(refusal(`the Secret "${nameOf(item)}"`)))
        yield { ...page, items }
      }
    },
    async get(path, query) {
      check(path)
      return port.get(path, query)
    },
    raw(path, query) {
      check(path)
      return port.raw(path, query)
    },
  }
}

/** `namespace/name` of a Secret's path, `*` for one of a list of them, undefined for all other paths. */
function secretOf(path: string): string | undefined {
  const [, api, , ...parts] = path.split('/')
  if (api !== 'api') return undefined
  const [resource, name] = parts[0] === 'namespaces' ? parts.slice(2) : parts
  if (resource !== 'secrets') return undefined
  return name === undefined ? '*' : `${parts[1]}/${name}`
}

function nameOf({ json }: RawObject): string {
  const { namespace, name } = (json['metadata'] ?? {}) as { namespace?: string; name?: string }
  return `${namespace}/${name}`
}

const refusal = (what: string) => fail('SECRET_WITHHELD', { what })
