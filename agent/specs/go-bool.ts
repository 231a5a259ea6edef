const GO_BOOLS: Record<string, boolean> = {
  ...Object.fromEntries(['1', 't', 'T', 'true', 'True', 'TRUE'].map((text) => [text, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'false', 'False', 'FALSE'].map((text) => [text, false])),
}

/** The value of a text that Go's strconv.ParseBool accepts; undefined for every other text. */
export function parseGoBool(text: string): boolean | undefined {
  return Object.hasOwn(GO_BOOLS, text) ? GO_BOOLS[text] : undefined
}

/** A troubleshoot bool-or-string field: absent and empty are false; undefined when it is neither bool nor such a text. */
export function readBoolOrString(value: unknown): boolean | undefined {
  if (value === undefined || value === null || value === '') return false
  if (typeof value === 'boolean') return value
  return typeof value === 'string' ? parseGoBool(value) : undefined
}
