import { B, CONSTANT, KEY, KEY_LITERALS, VARIABLE, VARIABLE_LITERALS } from './key-names.ts'
import type { LineRule, TwoLineRule } from './rule.ts'

/** Rules for values beside the name of a secret in forms of their own: flags of commands, elements, lines of certain servers. */

/** A word or a flag after the name of a flag is talk about it, or the next flag. */
const PLAIN_WORD = /^(?:[a-z]+[)\]}.,:;!?]*|<.*>|\$.*|-.*)$/
const isWord = (value: string) => PLAIN_WORD.test(value) || CONSTANT.test(value)

export const SETTING_RULES: readonly (LineRule | TwoLineRule)[] = [
  {
    kind: 'line',
    name: 'flag-value',
    literals: [['--'], KEY_LITERALS],
    pattern: new RegExp(
      String.raw`(--(?:[\w.]{1,32}-){0,4}${KEY}(?:[\t ]{1,4}["']?|\\{0,16}["'],${B}\\{0,16}["']))(?<mask>[^\t\n\f\r "'\\,]+)`,
      'gi',
    ),
    spare: isWord,
  },
  {
    kind: 'two-line',
    name: 'flag-value-pretty',
    literals: [['"--'], KEY_LITERALS],
    selector: new RegExp(String.raw`^[\t ]{0,256}"--(?:[\w.]{1,32}-){0,4}${KEY}",?[\t ]{0,8}\r?$`, 'i'),
    pattern: /^([\t ]{0,256}")(?<mask>(?:\\[^\n]|[^"\\\n])+)(")/g,
  },
  {
    kind: 'line',
    name: 'xml-element',
    literals: [['</'], KEY_LITERALS],
    pattern: new RegExp(String.raw`(<(?:[\w:.-]{1,64}[:._-])?${KEY}>)(?<mask>[^<\n]+)(</)`, 'gi'),
    spare: (value) => CONSTANT.test(value),
  },
  {
    kind: 'line',
    name: 'redis-setting',
    literals: [['requirepass', 'masterauth']],
    pattern: /(\b(?:requirepass|masterauth)[\t ]{1,4}["']?)(?<mask>[^\t\n\f\r "'\\]{4,})/gi,
    spare: isWord,
  },
  {
    kind: 'line',
    name: 'pwd-json',
    literals: [['pwd"', 'pwd\\']],
    // a folder is no password
    pattern: /(pwd\\{0,16}"[\t ]{0,8}:[\t ]{0,8}\\{0,16}")(?<mask>[^"\\/~.\n][^"\\\n]*)/gi,
  },
  {
    kind: 'line',
    name: 'cookie-header',
    literals: [['cookie']],
    pattern: /(\bcookie\\{0,16}["']?[\t ]{0,4}:[\t ]{0,4}\[?\\{0,16}["']?)(?<mask>[\w.-]{1,64}=[^\t\n\r"'\\]{1,4096})/gi,
  },
  {
    kind: 'line',
    name: 'key-file',
    literals: [['.key']],
    pattern: /(\.key\\{0,16}["']?[\t ]{0,8}:[\t ]{0,8}\\{0,16}["']?)(?<mask>[A-Za-z0-9+/]{16,}={0,2})(?![\w.-])/g,
  },
  {
    kind: 'line',
    name: 'env-pair-reversed',
    literals: [['"value"'], ['"name"'], VARIABLE_LITERALS],
    pattern: new RegExp(
      String.raw`("value"${B}:${B}")(?<mask>(?:\\[^\n]|[^"\\\n])+)("${B},${B}"name"${B}:${B}"[^"]{0,256}?${VARIABLE})`,
      'gi',
    ),
    spare: (value) => CONSTANT.test(value),
  },
]
