const ACTION = /\{\{\s*((?:\.\w+)+)\s*\}\}/g

/** True when a message uses more of Go's templates than `{{ .Field }}` and `{{ .A.B }}`. */
export function isBeyondFields(message: string): boolean {
  return message.replaceAll(ACTION, '').includes('{{')
}

/** Fills `{{ .Field }}` and `{{ .A.B }}`, with `<no value>` for what is missing, as Go does. A message that asks for more stays as it is. */
export function fillTemplate(message: string, fields: object): string {
  if (isBeyondFields(message)) return message
  return message.replaceAll(ACTION, (_, path: string) => show(path.slice(1).split('.').reduce(step, fields)))
}

function step(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}

function show(value: unknown): string {
  if (value === undefined || value === null) return '<no value>'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
