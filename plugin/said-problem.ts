import type { Problem } from '../core/errors.ts'

/** The problem that an agent wrote as its last line before it ended. */
export function saidProblem(said: string): Problem | undefined {
  try {
    const value = JSON.parse(said.trim().split('\n').at(-1) ?? '') as Partial<Problem>
    return typeof value.code === 'string' && typeof value.message === 'string'
      ? { code: value.code, message: value.message, remedy: typeof value.remedy === 'string' ? value.remedy : '' }
      : undefined
  } catch {
    return undefined
  }
}
