import { B, CONSTANT, KEY, KEY_LITERALS, VARIABLE, VARIABLE_LITERALS } from './key-names.ts'
import type { LineRule, Rule, TwoLineRule } from './rule.ts'
import { SETTING_RULES } from './setting-rules.ts'

/**
 * Rules for values that stand beside the name of a secret: `password=x`, `"apiKey": "x"`, `DB_TOKEN: x`, in YAML, JSON (also
 * JSON inside JSON), query strings, log lines and lists of environment variables. A name counts by its end: `clientSecret` is
 * one, `secretName`, `tokenExpirationSeconds` and `imagePullSecrets` are not.
 */

/** A name and all that may stand between it and its sign. Looked for backwards from the sign, which is much rarer than letters. */
const NAME = String.raw`${KEY}\\{0,16}["']?${B}`
const SIGN = `(?:=(?<=${NAME}=)(?!=)>?|:(?<=${NAME}:)(?!:|//)=?)${B}`
/** Begins the line of a YAML key, up to the word that matters. */
const YAML_KEY = String.raw`[\t ]{0,64}(?:- {1,4})?["']?[\w./-]{0,128}`
const TO_END = String.raw`(?<mask>[^\t\r\n "'][^\r\n]*?)(?=[\t ]{0,64}\r?$)`
/** No quotes: up to a blank, a quote, an escape, or a `,` `;` `&` after which another pair or nothing follows. */
const BARE = String.raw`(?<mask>(?:[^\t\n\f\r "'\\,;&]|[,;&](?![\w. -]{1,40}=|[\t\n\f\r "'\\{\[]|$)|\\(?!\\{0,16}["'nrtu]))+)`
/** The quote that comes now begins a value; after a name without quotes it may as well end the text that the name stands in. */
const OPENING = String.raw`(?:(?<=["']${B}[:=]>?${B})|(?!\\{0,16}["']${B}(?:[,:;\]})]|\\{1,16}[nrt]|\r?$)))`
/** In YAML a bare `***` would be an alias; in a JSON string double quotes would end it. */
const YAML_MASK = `'***HIDDEN***'`

const PROSE_WORD = /^[A-Z]?[a-z]+[)\]}.,:;!?]*$/
const OBJECT_REFERENCE = /^[a-z0-9][a-z0-9.-]{0,252}\/[a-z0-9][a-z0-9.-]{0,252}$/
const WHOLE_NAME = new RegExp(`(?<![\\w.-])${NAME}$`, 'i')
const WORD_SECRET = new RegExp(`(?<![\\w.-])secret["']?${B}$`, 'i')

type Spare = NonNullable<LineRule['spare']>
const isConstant: Spare = (value) => CONSTANT.test(value)
/** `secret="namespace/name"` is how controllers name the object that they work on. */
const isReference: Spare = (value, _, before) => OBJECT_REFERENCE.test(value) && WORD_SECRET.test(before)
/** `invalid token: unexpected end` is a sentence, `API_TOKEN: unexpected` and `token=unexpected` are not. */
const isProse: Spare = (value, match, before) => /^:[\t ]/.test(match) && PROSE_WORD.test(value) && WHOLE_NAME.test(before)
const isNamed: Spare = (...it) => isConstant(...it) || isReference(...it)
/** `acme/web-token:v1.2.3` is an image. */
const isVersion: Spare = (value, match) => /^:[^\t ]/.test(match) && /^v?\d+(?:\.\d+){1,3}[\w+-]{0,32}[)\]}.,:;]*$/.test(value)
const isPlain: Spare = (...it) => isNamed(...it) || isProse(...it) || isVersion(...it)

/** Where several fit, the earlier one leaves a mask that the later ones keep. */
const KEY_VALUES: LineRule[] = [
  {
    kind: 'line',
    name: 'key-value-quoted',
    literals: [KEY_LITERALS],
    pattern: new RegExp(String.raw`(${SIGN}${OPENING})(["'])(?<mask>(?:\\[^\n]|(?!\2)[^\n\\]|''(?=[\w./+-]))+)`, 'gi'),
    spare: isNamed,
  },
  {
    kind: 'line',
    name: 'key-value-escaped',
    literals: [KEY_LITERALS, ['\\"', "\\'"]],
    pattern: new RegExp(String.raw`(${SIGN}${OPENING})(\\{1,16}["'])(?<mask>(?:(?!(?<!\\)(?:\2|"))[^\n])+)`, 'gi'),
    spare: isNamed,
  },
  {
    kind: 'line',
    name: 'key-value-json-number',
    literals: [KEY_LITERALS, ['"']],
    pattern: new RegExp(String.raw`(:(?<=${KEY}"${B}:)${B})(?<mask>-?\d{6,}(?:\.\d+)?)(?=${B}(?:[,}\]]|\r?$))`, 'gi'),
    mask: '"***HIDDEN***"',
  },
  {
    kind: 'line',
    name: 'key-value-yaml',
    literals: [KEY_LITERALS],
    pattern: new RegExp(String.raw`(:(?<=^${YAML_KEY}${KEY}["']?${B}:)[\t ]{1,64})${TO_END}`, 'gi'),
    spare: isNamed,
    mask: YAML_MASK,
  },
  {
    kind: 'line',
    name: 'key-value-yaml-in-json',
    literals: [KEY_LITERALS, ['\\n']],
    pattern: new RegExp(
      String.raw`(:(?<=\\n${YAML_KEY}${KEY}${B}:)[\t ]{1,64})(?<mask>(?![\\"'])(?:(?!\\{1,16}[nr"]|")[^\n])+)`,
      'gi',
    ),
    spare: isNamed,
    mask: YAML_MASK,
  },
  {
    kind: 'line',
    name: 'key-value-bare',
    literals: [KEY_LITERALS],
    pattern: new RegExp(`(${SIGN})${BARE}`, 'gi'),
    spare: isPlain,
  },
]

const PAIR_IN_LINE: LineRule[] = [
  {
    kind: 'line',
    name: 'env-pair-json',
    literals: [['"name"'], VARIABLE_LITERALS],
    pattern: new RegExp(
      String.raw`("name"${B}:${B}"[^"]{0,256}?${VARIABLE}[^"]{0,256}"${B},${B}"value"${B}:${B}")(?<mask>(?:\\[^\n]|[^"\\\n])+)`,
      'gi',
    ),
    spare: isConstant,
  },
  {
    kind: 'line',
    name: 'env-pair-escaped',
    literals: [['name\\'], VARIABLE_LITERALS],
    pattern: new RegExp(
      String.raw`(\\{1,16}"name\\{1,16}"${B}:${B}\\{1,16}"[^"]{0,256}?${VARIABLE}[^"]{0,256}\\{1,16}"${B},${B}\\{1,16}"value\\{1,16}"${B}:${B})(\\{1,16}")(?<mask>(?:(?!(?<!\\)(?:\2|"))[^\n])+)`,
      'gi',
    ),
    spare: isConstant,
  },
]

const PAIR_IN_TWO_LINES: TwoLineRule[] = [
  {
    kind: 'two-line',
    name: 'env-pair-pretty',
    literals: [['"name":'], VARIABLE_LITERALS],
    selector: new RegExp(`"name": {0,8}"[^"]{0,256}${VARIABLE}[^"]{0,256}"`, 'i'),
    pattern: /("value": {0,8}")(?<mask>[^\n]*)(")/gi,
  },
  {
    kind: 'two-line',
    name: 'env-pair-yaml',
    literals: [['name:'], VARIABLE_LITERALS],
    selector: new RegExp(
      String.raw`^[\t ]{0,64}(?:- {1,4})?name: {1,8}["']?[\w.-]{0,256}?${VARIABLE}[\w.-]{0,256}["']?[\t ]{0,64}\r?$`,
      'i',
    ),
    pattern: new RegExp(String.raw`^([\t ]{0,64}value: {1,8}["']?)${TO_END}`, 'gi'),
  },
  {
    kind: 'two-line',
    name: 'yaml-block-value',
    literals: [KEY_LITERALS, ['|', '>']],
    selector: new RegExp(String.raw`^${YAML_KEY}${KEY}["']?: {1,8}[|>][\d+-]{0,2}[\t ]{0,64}\r?$`, 'i'),
    pattern: new RegExp(String.raw`^([\t ]{1,64})${TO_END}`, 'g'),
  },
]

export const KEY_VALUE_RULES: readonly Rule[] = [...PAIR_IN_LINE, ...KEY_VALUES, ...PAIR_IN_TWO_LINES, ...SETTING_RULES]
