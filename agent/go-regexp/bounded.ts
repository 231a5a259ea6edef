import { createContext, Script } from 'node:vm'

const script = new Script('work()')
const globals: { work: () => unknown } = { work: () => undefined }
const context = createContext(globals)

/** Thrown when the work was cut off in the middle: what it was working on is in no known state. */
export class OutOfTime extends Error {}

/**
 * Does some work, cut off after `budgetMs` of wall time, wherever it is: no `catch` and no `finally` in it runs then. The
 * engine of regular expressions backtracks, and patterns may come from anyone. A call costs about 0.1 ms, so give it more than
 * a line. The budget is a guard of the processor, not part of any schedule, hence no Clock. Throws OutOfTime, or what the
 * work throws. Not to be nested.
 */
export function bounded<Value>(work: () => Value, budgetMs: number): Value {
  try {
    globals.work = work
    return script.runInContext(context, { timeout: budgetMs }) as Value
  } catch (error) {
    // Made in the other realm, it is no instance of this one's Error.
    if ((error as { code?: unknown } | null)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    throw new OutOfTime(`it did not end within ${budgetMs} ms`, { cause: error })
  } finally {
    globals.work = () => undefined
  }
}

/** `regexp.exec(text)` under a budget. */
export function boundedExec(regexp: RegExp, text: string, budgetMs: number): RegExpExecArray | null {
  try {
    return bounded(() => regexp.exec(text), budgetMs)
  } catch (error) {
    if (!(error instanceof OutOfTime)) throw error
    throw new Error(`the regular expression did not end within ${budgetMs} ms on one file`, { cause: error })
  }
}
