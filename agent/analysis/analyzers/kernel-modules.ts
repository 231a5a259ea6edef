import * as z from 'zod'
import { words } from '../comparison.ts'
import { jsonFileAnalyzer } from '../json-file.ts'
import { branchOf, evaluate } from '../outcomes.ts'
import type { Judgement, Outcome, Verdict } from '../outcomes.ts'

const Modules = z.record(z.string(), z.object({ status: z.string().default('') })).nullable()

/** A default outcome is not used once one of these verdicts was given by a condition. */
const OVERRULED_BY: Readonly<Record<Verdict, readonly Verdict[]>> = { fail: ['pass'], warn: ['pass', 'fail'], pass: ['fail'] }

/**
 * `when`: `<module>[,<module>…] <op> <status>[,<status>…]`. With `==` each module must have one of the statuses; with
 * `!=` none may, or one must be absent. Every outcome whose condition holds gives a result, then the first default
 * (an outcome without a condition) that none of them overrules.
 */
export const kernelModules = jsonFileAnalyzer({
  title: () => 'Kernel Modules',
  path: () => 'host-collectors/system/kernel_modules.json',
  content: Modules,
  isMissingFailure: true,
  holds(when, content) {
    const [names, operator, statuses] = words(when, 3)
    const wanted = statuses.split(',')
    const modules = new Map(Object.entries(content ?? {}))
    const found = names.split(',').map((name) => modules.get(name))
    const has = (module: { status: string } | undefined) => module !== undefined && wanted.includes(module.status)
    if (operator === '=' || operator === '==') return found.every(has)
    if (operator !== '!=' && operator !== '<>') throw new Error(`unknown operator "${operator}"; known are = == != <>`)
    // The order of the modules decides: whichever comes first, an absent one or one with the status.
    const first = found.find((module) => module === undefined || has(module))
    return first === undefined
  },
  judgeAll(outcomes, holds) {
    const branches = outcomes.flatMap((outcome: Outcome) => branchOf(outcome) ?? [])
    const held = branches.filter(({ when }) => when !== '' && evaluate(when, holds))
    const given = new Set(held.map(({ verdict }) => verdict))
    const fallback = branches.find(({ when, verdict }) => when === '' && !OVERRULED_BY[verdict].some((other) => given.has(other)))
    const all: Judgement[] = [...held, ...(fallback ? [fallback] : [])]
    return all.length > 0 ? all : [{ verdict: 'warn', message: 'no results', uri: '' }]
  },
})
