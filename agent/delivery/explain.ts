import { type ErrorClass, isPluginError } from '../../core/contract/index.ts'
import { fail, ProductError, reasonOf } from '../../core/errors.ts'
import type { DeliverRequest, DeliverResult } from '../../core/task.ts'
import { asError } from '../loader/thrown.ts'
import { createRedactor } from '../redaction/redactor.ts'
import { defaultRules } from '../redaction/rules.ts'

/** Longest text of an uploader that leaves the task, in characters. */
const MAX_TEXT = 2000
const CODE = /^[A-Z][A-Z0-9_]{0,63}$/
const CLASSES: readonly ErrorClass[] = ['retryable', 'permission', 'config', 'resource', 'bug']

export const RETRY = 'it is tried again by itself'

/** Masks the target's secrets and what looks like one. An uploader's texts may quote what it was given. */
export function maskerOf(target: DeliverRequest['target']): (text: unknown) => string {
  const redactor = createRedactor(defaultRules, { literals: Object.values(target.secrets) })
  return (text) => {
    try {
      const masked = redactor.text(typeof text === 'string' ? text : asError(text).message)
      return masked.length > MAX_TEXT ? `${masked.slice(0, MAX_TEXT).toWellFormed()}…` : masked
    } catch {
      return '(a text that could not be redacted was left out)'
    }
  }
}

/** A failed try as the parent is told of it: masked, with a class that decides when there is another. */
export function explain(thrown: unknown, target: DeliverRequest['target']): NonNullable<DeliverResult['error']> {
  const mask = maskerOf(target)
  const error = asError(thrown)
  if (isPluginError(error)) {
    const { code, message, remedy, retryAfterMs } = error
    return {
      code: CODE.test(code) ? code : 'UPLOAD_FAILED',
      message: mask(message),
      class: CLASSES.find((one) => one === error.class) ?? 'bug',
      ...(remedy === undefined ? {} : { remedy: mask(remedy) }),
      ...(typeof retryAfterMs === 'number' && Number.isFinite(retryAfterMs) ? { retryAfterMs } : {}),
    }
  }
  const failure =
    error instanceof ProductError
      ? error
      : fail('UPLOAD_FAILED', { name: target.uploader, reason: reasonOf(error), remedy: RETRY })
  return { code: failure.code, message: mask(failure.message), remedy: mask(failure.remedy), class: failure.class }
}
