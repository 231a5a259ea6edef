import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, type Node } from 'yaml'
import type { DocumentRule, Edit } from './document-rule.ts'
import { below } from './json-edits.ts'

type Wanted = Parameters<typeof below>[0]

/** Most nodes looked at: paths with several `*` into maps full of aliases could lead anywhere any number of times. */
const MAX_NODES = 1_000_000

/**
 * The places of a YAML text, of one document or several, at which values of the paths stand. Comments and all else stay as they
 * are. What stands behind an alias is masked where it is written. Throws with the reason when it is no YAML.
 */
export function yamlEdits(text: string, rules: readonly DocumentRule[]): Edit[] {
  const documents = parseAllDocuments(text, { prettyErrors: false, uniqueKeys: false, merge: true })
  const edits: Edit[] = []
  if (!Array.isArray(documents)) return edits
  let nodes = 0
  const wanted = rules.flatMap(({ name, paths }) => paths.map((left) => ({ rule: name, left })))
  for (const document of documents) {
    const [error] = document.errors
    if (error) throw new Error(`it is no YAML: ${error.message.split('\n')[0]}`)
    const look = (node: unknown, here: Wanted): void => {
      if (here.length === 0 || !isNode(node)) return
      if (++nodes > MAX_NODES) throw new Error('it has too many aliases')
      const found = here.find(({ left }) => left.length === 0)
      if (found) edits.push(...editsOf(node, found.rule))
      if (isAlias(node)) look(node.resolve(document), here)
      else if (isMap(node))
        for (const { key, value } of node.items) {
          if (isMergeKey(key)) for (const one of isSeq(value) ? value.items : [value]) look(one, here)
          else look(value, below(here, isScalar(key) ? String(key.value) : ''))
        }
      else if (isSeq(node)) for (const [index, item] of node.items.entries()) look(item, below(here, String(index)))
    }
    look(document.contents, wanted)
  }
  return edits
}

/** The parser gives it a symbol for its value. */
const isMergeKey = (key: unknown): boolean => isScalar(key) && (key.value === '<<' || typeof key.value === 'symbol')

const isNode = (value: unknown): value is Node => isAlias(value) || isMap(value) || isScalar(value) || isSeq(value)

function editsOf(node: Node, rule: string): Edit[] {
  const [start, end] = node.range ?? [0, 0]
  // A key without a value has none to hide.
  if (start === end) return []
  const known = isScalar(node) && typeof node.value === 'string' ? { value: node.value } : {}
  return [{ start, end, quote: "'", rule, ...known }]
}
