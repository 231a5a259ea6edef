import type { LineRule } from './rule.ts'
import { triePattern } from './trie-pattern.ts'

/** Shorter values stand in too many places by chance: masking them would destroy the file and hide nothing. */
const MIN_LENGTH = 6
/** Part of a value inside longer base64 text must be this long to be told from chance. */
const MIN_BASE64_LENGTH = 8
/** Enough of a form for the scanner to find its line; the whole form is what is masked. Less of each where there are many. */
const LITERAL_LENGTH = 24
const SHORT_LITERAL_LENGTH = 8
const MANY_FORMS = 500

/**
 * The rule that masks given secret values wherever they stand, if there are any of 6 characters or more. Of a value of several
 * lines each line is masked for itself. Forms: as it is, escaped for JSON (once and twice, also as Go and Python do it), percent-encoded,
 * and in base64, alone or anywhere inside longer base64 text, such as that of a user name and the value.
 */
export function secretRule(values: readonly string[]): LineRule[] {
  return ruleOf('secret-value', values, (value) => linesOf(value).filter((part) => part.length >= MIN_LENGTH))
}

/** The same for values found in Secrets: one of several lines is masked only where it stands as a whole, encoded or escaped. */
export function learnedRule(values: readonly string[]): LineRule[] {
  return ruleOf('secret-read', values, (value) => [value])
}

/** The same for values that a user names: masked however short they are, but in other forms only if they are not. */
export function valuesRule(name: string, values: readonly string[]): LineRule[] {
  return ruleOf(name, values, linesOf)
}

const linesOf = (value: string): string[] =>
  [value, ...(value.includes('\n') ? value.split(/\r?\n/) : [])].filter((part) => part !== '')

function ruleOf(name: string, values: readonly string[], partsOf: (value: string) => string[]): LineRule[] {
  const origins = new Map<string, string>()
  for (const part of values.flatMap(partsOf))
    for (const form of formsOf(part)) if (!origins.has(form)) origins.set(form, latin1(part))
  const forms = [...origins.keys()]
  if (forms.length === 0) return []
  const length = forms.length > MANY_FORMS ? SHORT_LITERAL_LENGTH : LITERAL_LENGTH
  const literals = [...new Set(forms.map((form) => asciiLowerCase(form.slice(0, length))))]
  const pattern = new RegExp(`(?<mask>${triePattern(forms)})`, 'g')
  return [{ kind: 'line', name, literals: [literals], pattern, origin: (form) => origins.get(form) }]
}

/** As latin1, like the lines that patterns see. */
function formsOf(value: string): string[] {
  const texts = value.length < MIN_LENGTH ? [value] : [jsonForms, percentForms, base64Forms].flatMap((forms) => forms(value))
  return texts.filter((text) => !text.includes('\n')).map(latin1)
}

const latin1 = (text: string): string => Buffer.from(text).toString('latin1')

function jsonForms(text: string): string[] {
  const once = JSON.stringify(text).slice(1, -1)
  const go = once.replaceAll(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)
  const ascii = once.replaceAll(/[^\u0000-\u007f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const forms = [once, go, ascii]
  return [text, ...forms, ...forms.map((form) => JSON.stringify(form).slice(1, -1))]
}

function percentForms(text: string): string[] {
  const upper = encodeURIComponent(text.toWellFormed())
  const lower = upper.replaceAll(/%../g, (code) => code.toLowerCase())
  const strict = upper.replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  return [upper, lower, strict, ...[upper, lower, strict].map((form) => form.replaceAll('%20', '+'))]
}

/** Six bits a character: of text that begins 0, 1 or 2 bytes into a group of three, the outermost characters depend on the neighbours. */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text)
  const inside = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    return encoded.slice([0, 2, 3][offset], Math.floor(((offset + bytes.length) * 8) / 6))
  })
  const usable = [bytes.toString('base64'), ...inside.filter((part) => part.length >= MIN_BASE64_LENGTH)]
  return [...usable, ...usable.map((form) => form.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''))]
}

const asciiLowerCase = (text: string) => text.replaceAll(/[A-Z]/g, (char) => char.toLowerCase())
