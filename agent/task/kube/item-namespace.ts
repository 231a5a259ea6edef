const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const METADATA = Buffer.from('"metadata"')
const NAMESPACE = Buffer.from('"namespace"')

/**
 * `metadata.namespace` of an object's JSON, read without parsing it; undefined for cluster-wide ones. Built-in kinds have it
 * near their beginning, so that most of an object is not looked at. Believes that the text is JSON, as the server sends it.
 */
export function itemNamespace(json: Uint8Array): string | undefined {
  const metadata = valueOf(json, indexOfContent(json, 0), METADATA)
  const at = metadata === undefined ? undefined : valueOf(json, indexOfContent(json, metadata), NAMESPACE)
  if (at === undefined || json[at] !== QUOTE) return undefined
  return JSON.parse(Buffer.from(json.subarray(at, endOfText(json, at))).toString('utf8')) as string
}

/** Behind the next bracket that opens. */
function indexOfContent(json: Uint8Array, from: number): number {
  let at = from
  while (at < json.length && json[at] !== 0x7b && json[at] !== 0x5b) at++
  return at + 1
}

/** Where the value of a key of the object begins whose content begins at `from`. */
function valueOf(json: Uint8Array, from: number, key: Uint8Array): number | undefined {
  let depth = 0
  for (let at = from; at < json.length; at++) {
    const byte = json[at]
    if (byte === QUOTE) {
      const end = endOfText(json, at)
      if (depth === 0 && isAt(json, at, end, key)) {
        const colon = afterSpaces(json, end)
        if (json[colon] === COLON) return afterSpaces(json, colon + 1)
      }
      at = end - 1
    } else if (byte === 0x7b || byte === 0x5b) depth++
    else if ((byte === 0x7d || byte === 0x5d) && depth-- === 0) return undefined
  }
  return undefined
}

/** Behind the closing quote of the text that begins at `from`. */
function endOfText(json: Uint8Array, from: number): number {
  let at = from + 1
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1
  return at + 1
}

function afterSpaces(json: Uint8Array, from: number): number {
  let at = from
  while ((json[at] ?? 0x21) <= 0x20) at++
  return at
}

function isAt(json: Uint8Array, from: number, to: number, key: Uint8Array): boolean {
  if (to - from !== key.length) return false
  for (let at = 0; at < key.length; at++) if (json[from + at] !== key[at]) return false
  return true
}
