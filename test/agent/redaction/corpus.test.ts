import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../../agent/redaction/redactor.ts'
import { defaultRules } from '../../../agent/redaction/rules.ts'
import { KNOWN, PLAIN_LINES, PLANTED } from './corpus.ts'

/** What the default rules find of a corpus of planted secrets, and what they take for one that is none. Prints both figures. */

const redactor = createRedactor(defaultRules)
/** Every part of a secret that is long enough to tell something. */
const shows = (text: string, secret: string) => secret.split(/\r?\n/).some((line) => line.length >= 6 && text.includes(line))

describe('the corpus of planted secrets', () => {
  const missed = PLANTED.filter(({ text, secret }) => shows(redactor.text(text), secret))
  const spoiled = PLAIN_LINES.filter((line) => redactor.text(line) !== line)

  it('is found, but for what is known to be missed', () => {
    const kinds = new Set(PLANTED.map(({ kind }) => kind))
    const recall = (100 * (PLANTED.length - missed.length)) / PLANTED.length
    process.stdout.write(
      `redaction: ${PLANTED.length - missed.length} of ${PLANTED.length} planted secrets of ${kinds.size} kinds found (${recall.toFixed(1)} %), ` +
        `${spoiled.length} of ${PLAIN_LINES.length} plain lines changed\n`,
    )
    const unknown = missed.map(({ kind, text }) => `${kind}: ${text}`).filter((one) => !Object.hasOwn(KNOWN, one))
    expect(unknown).toEqual([])
  })

  it('has plain lines, which stay as they are, but for what is known to be spoiled', () => {
    const unknown = spoiled.filter((line) => !Object.hasOwn(KNOWN, line))
    expect(unknown.map((line) => `${line} -> ${redactor.text(line)}`)).toEqual([])
  })

  it('has the secrets where it says', () => {
    for (const { text, secret } of PLANTED) expect(shows(text, secret)).toBe(true)
  })
})
