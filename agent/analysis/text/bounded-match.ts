import { createContext, Script } from 'node:vm'

const script = new Script('regexp.exec(text)')

/**
 * `regexp.exec(text)`, given up after `budgetMs` of wall time: this engine backtracks, and a spec may come from anyone.
 * The budget is a guard of the processor, not part of any schedule, hence no Clock. Throws when it is used up.
 */
export function boundedExec(regexp: RegExp, text: string, budgetMs: number): RegExpExecArray | null {
  try {
    return script.runInContext(createContext({ regexp, text }), { timeout: budgetMs }) as RegExpExecArray | null
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      throw new Error(`the regular expression did not end within ${budgetMs} ms on one file`, { cause: error })
    throw error
  }
}
