import { createHash } from 'node:crypto'

/**
 * What decides how a secret value looks in the bundle. The key itself can't be told from it: it is a hash of 256 random bits.
 */
export function maskingOf(by: { version: string; redact: boolean; tokenKey?: string | undefined; redactors: unknown }): string {
  const text = JSON.stringify([by.version, by.redact, by.redact ? [by.tokenKey, by.redactors] : []])
  return createHash('sha256').update(`drift masking\n${text}`).digest('base64url').slice(0, 12)
}
