import { createContext, Script } from 'node:vm'

const script = new Script('regexp.exec(text)')
const globals: { regexp: RegExp; text: string } = { regexp: /(?:)/, text: '' }
const context = createContext(globals)

/**
 * `regexp.exec(text)`, given up after `budgetMs` of wall time: this engine backtracks, and a spec may come from anyone.
 * The budget is a guard of the processor, not part of any schedule, hence no Clock. Throws when it is used up.
 */
export function boundedExec(regexp: RegExp, text: string, budgetMs: number): RegExpExecArray | null {
  try {
    Object.assign(globals, { regexp, text })
    return script.runInContext(context, { timeout: budgetMs }) as RegExpExecArray | null
  } catch (error) {
    // Made in the other realm, it is no instance of this one's Error.
    if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    throw new Error(`the regular expression did not end within ${budgetMs} ms on one file`, { cause: error })
  } finally {
    globals.text = ''
  }
}
