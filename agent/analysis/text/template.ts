import { reasonOf } from '../../../core/errors.ts'
import { fieldOf, GoStruct, isTrue, showValue } from './go-value.ts'
import { FUNCTIONS } from './template-functions.ts'
import { type Node, type Operand, type Pipe, readTemplate } from './template-reader.ts'

/** Steps that one filling may take, and characters that it may give: a spec may come from anyone. */
const MAX_STEPS = 100_000
const MAX_OUTPUT = 1024 * 1024

/** Fills a template of Go's text/template with sprig's usual functions. Throws for what it cannot read or do. */
export function renderTemplate(template: string, data: unknown): string {
  if (!template.includes('{{')) return template
  return new Filling(data).render(readTemplate(template))
}

/** The same for messages: one that cannot be filled is shown as it is, since its verdict stands. */
export function fillTemplate(message: string, data: unknown): string {
  try {
    return renderTemplate(message, data)
  } catch {
    return message
  }
}

/** Why a message cannot be filled whatever the data; undefined if it can be. For whoever wrote it. */
export function templateProblem(message: string): string | undefined {
  if (!message.includes('{{')) return undefined
  try {
    const unknown = namesOf(readTemplate(message)).find((name) => !Object.hasOwn(FUNCTIONS, name))
    return unknown === undefined ? undefined : `there is no function "${unknown}"`
  } catch (error) {
    return reasonOf(error)
  }
}

class Filling {
  #output = ''
  #steps = 0
  #dot: unknown
  #variables = new Map<string, unknown>()

  constructor(data: unknown) {
    this.#dot = data
    this.#variables.set('$', data)
  }

  render(nodes: readonly Node[]): string {
    this.#run(nodes)
    return this.#output
  }

  #run(nodes: readonly Node[]): void {
    for (const node of nodes) {
      this.#step()
      if (node.kind === 'text') this.#say(node.text)
      else if (node.kind === 'show') this.#show(node.pipe)
      else if (node.kind === 'range') this.#range(node)
      else this.#branch(node)
    }
  }

  #show(pipe: Pipe): void {
    const value = this.#pipe(pipe)
    if (pipe.variables.length === 0) this.#say(showValue(value, '<no value>'))
  }

  #branch({ kind, pipe, body, otherwise }: Exclude<Node, { kind: 'text' | 'show' }>): void {
    const value = this.#pipe(pipe)
    if (!isTrue(value)) return this.#run(otherwise)
    this.#within(kind === 'with' ? value : this.#dot, () => this.#run(body))
  }

  #range({ pipe, body, otherwise }: Exclude<Node, { kind: 'text' | 'show' }>): void {
    const value = this.#pipe({ ...pipe, variables: [] })
    const entries = entriesOf(value)
    if (entries.length === 0) return this.#run(otherwise)
    for (const [key, one] of entries) {
      this.#within(one, () => {
        const [first, second] = pipe.variables
        if (first !== undefined) this.#variables.set(first, second === undefined ? one : key)
        if (second !== undefined) this.#variables.set(second, one)
        this.#run(body)
      })
    }
  }

  #within(dot: unknown, work: () => void): void {
    const before = this.#dot
    this.#dot = dot
    work()
    this.#dot = before
  }

  #pipe({ variables, commands }: Pipe): unknown {
    let value: unknown
    for (const [index, command] of commands.entries()) value = this.#command(command, index > 0 ? [value] : [])
    for (const name of variables) this.#variables.set(name, value)
    return value
  }

  #command(operands: readonly Operand[], piped: unknown[]): unknown {
    this.#step()
    const [first, ...rest] = operands
    if (!first) throw new Error('a command is missing')
    if (first.term.kind !== 'call') {
      if (rest.length > 0 || piped.length > 0) throw new Error('a value takes no arguments')
      return this.#operand(first)
    }
    const work = Object.hasOwn(FUNCTIONS, first.term.name) ? FUNCTIONS[first.term.name] : undefined
    if (!work) throw new Error(`there is no function "${first.term.name}"`)
    return follow(work(...rest.map((one) => this.#operand(one)), ...piped), first.fields)
  }

  #operand({ term, fields }: Operand): unknown {
    if (term.kind === 'call') return this.#command([{ term, fields }], [])
    return follow(this.#term(term), fields)
  }

  #term(term: Exclude<Operand['term'], { kind: 'call' }>): unknown {
    if (term.kind === 'value') return term.value
    if (term.kind === 'dot') return this.#dot
    if (term.kind === 'pipe') return this.#pipe(term.pipe)
    if (!this.#variables.has(term.name)) throw new Error(`there is no variable ${term.name}`)
    return this.#variables.get(term.name)
  }

  #say(text: string): void {
    this.#output += text
    if (this.#output.length > MAX_OUTPUT) throw new Error('the text grew too long')
  }

  #step(): void {
    if (++this.#steps > MAX_STEPS) throw new Error('the template takes too many steps')
  }
}

const follow = (value: unknown, fields: readonly string[]): unknown => fields.reduce(fieldOf, value)

function entriesOf(value: unknown): [unknown, unknown][] {
  if (Array.isArray(value)) return value.map((one: unknown, index) => [index, one])
  if (value === undefined || value === null || typeof value !== 'object' || value instanceof GoStruct) return []
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** The functions that a template calls. */
function namesOf(nodes: readonly Node[]): string[] {
  const inPipe = ({ commands }: Pipe): string[] =>
    commands.flat().flatMap(({ term }) => (term.kind === 'call' ? [term.name] : term.kind === 'pipe' ? inPipe(term.pipe) : []))
  return nodes.flatMap((node) => {
    if (node.kind === 'text') return []
    return node.kind === 'show' ? inPipe(node.pipe) : [...inPipe(node.pipe), ...namesOf(node.body), ...namesOf(node.otherwise)]
  })
}
