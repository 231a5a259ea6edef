import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFacts, encodeFacts } from '../../../agent/drift/codec.ts'
import type { Facts, ObjectFacts } from '../../../agent/drift/facts.ts'
import { factsWith, listsNamed, oddText, plainName } from './arbitrary-facts.ts'

/** The document as a whole: what older versions wrote, and what the lines of a new one come to. */
function documentOf({ lists, ...facts }: Facts): object {
  const inFolder = (folder: string) =>
    Object.fromEntries(lists.namespaces(folder).map((one) => [one, Object.fromEntries(lists.objects(folder, one))]))
  return {
    schema: 1,
    run: facts.run,
    at: facts.at.toISOString(),
    masking: facts.masking,
    hasAllNamespaces: facts.hasAllNamespaces,
    custom: { isWhole: facts.custom.isWhole, failed: [...facts.custom.failed].toSorted() },
    ...(facts.verdicts ? { verdicts: [...facts.verdicts] } : {}),
    lists: Object.fromEntries(lists.folders().map((folder) => [folder, inFolder(folder)])),
  }
}

const facts = (name: fc.Arbitrary<string>): fc.Arbitrary<Facts> =>
  fc
    .record({
      listed: listsNamed(name),
      run: oddText,
      masking: oddText,
      hasAllNamespaces: fc.boolean(),
      isWhole: fc.boolean(),
      failed: fc.array(oddText, { maxLength: 3 }),
      verdicts: fc.option(fc.array(fc.tuple(oddText, oddText), { maxLength: 3 })),
    })
    .map(({ listed, isWhole, failed, verdicts, ...rest }) =>
      factsWith(listed, {
        ...rest,
        custom: { isWhole, failed: new Set(failed) },
        verdicts: verdicts === null ? undefined : new Map(verdicts),
      }),
    )
const textOf = async (one: Facts) => gunzipSync(await encodeFacts(one)).toString()
const RUNS = { numRuns: 100 }

const OBJECT: ObjectFacts = { uid: '', spec: 's', images: ['web:1'], restarts: 3 }
/** More than a block, with letters of several bytes that lie across the ends of blocks. */
const LARGE = factsWith(
  Array.from({ length: 20 }, (_, index) => ({
    folder: 'configmaps',
    namespace: `n${index}`,
    objects: new Map(
      Array.from({ length: 150 }, (_, at): [string, ObjectFacts] => [`ConfigMap/${'€'.repeat(index)}${at}`, OBJECT]),
    ),
  })),
)

describe('drift.json.gz', () => {
  it('is the document, but for ends of lines, when names are those of a server', async () => {
    await fc.assert(
      fc.asyncProperty(facts(plainName), async (one) => {
        expect((await textOf(one)).replaceAll('\n', '')).toBe(JSON.stringify(documentOf(one)))
      }),
      RUNS,
    )
  })

  it('means the document whatever the names are', async () => {
    await fc.assert(
      fc.asyncProperty(facts(oddText), async (one) => {
        expect(JSON.parse(await textOf(one))).toEqual(JSON.parse(JSON.stringify(documentOf(one))))
      }),
      RUNS,
    )
  })

  it('has each list on a line of its own', async () => {
    const one = factsWith(
      ['b', 'a'].map((namespace) => ({ folder: 'pods', namespace, objects: new Map([['Pod/a', { uid: 'u', spec: '' }]]) })),
    )
    expect((await textOf(one)).split('\n').slice(1)).toEqual([
      '"pods":{',
      '"a":{"Pod/a":{"uid":"u","spec":""}},',
      '"b":{"Pod/a":{"uid":"u","spec":""}}',
      '}',
      '}}',
      '',
    ])
  })

  it('is read back, as it is written now and as it was before', async () => {
    await fc.assert(
      fc.asyncProperty(facts(oddText), async (one) => {
        const before = gzipSync(JSON.stringify(documentOf(one)))
        for (const bytes of [await encodeFacts(one), before]) {
          const read = await decodeFacts(bytes)
          expect(documentOf(read)).toEqual(documentOf(one))
        }
      }),
      RUNS,
    )
  })

  it('may be large', async () => {
    const bytes = await encodeFacts(LARGE)
    expect(JSON.parse(gunzipSync(bytes).toString())).toEqual(documentOf(LARGE))
    expect(documentOf(await decodeFacts(bytes))).toEqual(documentOf(LARGE))
  })
})

describe('what is no such file is refused:', () => {
  const form = 'it is not in its form'
  const edited = async (edit: (text: string) => string) => gzipSync(edit(await textOf(LARGE)))

  it('one that is cut off anywhere', async () => {
    const bytes = await encodeFacts(LARGE)
    for (const length of [0, 1, 9, 10, 11, bytes.length >> 1, bytes.length - 9, bytes.length - 1])
      await expect(decodeFacts(bytes.subarray(0, length)), String(length)).rejects.toThrow('it is damaged')
  })

  const EDITS: readonly [what: string, reason: string, edit: (text: string) => string][] = [
    ['without its last line', form, (text) => text.slice(0, -3)],
    ['with something behind it', form, (text) => `${text}more`],
    ['with a list that is none', form, (text) => text.replace(/"n19":.*/, '"n19":[]')],
    ['with more behind a list', form, (text) => text.replace(/("n19":.*)/, '$1,"n20":{}')],
    ['with a list that is cut off', 'JSON', (text) => text.replace(/("n19":.*)}/, '$1')],
    ['with a line that is no member', 'JSON', (text) => text.replace('"n19":', '7,"n19":')],
    ['with an object that is none', form, (text) => text.replace(/"n19":.*/, '"n19":{"Pod/a":7}')],
    ['with a uid that is none', form, (text) => text.replaceAll('"uid":""', '"uid":1')],
    ['with images that are none', form, (text) => text.replaceAll('"images":["web:1"]', '"images":[1]')],
    ['with a line that is no JSON', 'JSON', (text) => text.replace('"n19":{', '"n19"{')],
    ['of a newer version', 'it is of version 2', (text) => text.replace('"schema":1', '"schema":2')],
    ['without a time', 'it does not say when it was made', (text) => text.replace(/"at":"[^"]*"/, '"at":"today"')],
    ['of one line with another one', form, (text) => `${text.replaceAll('\n', '')}\n{}`],
    ['with nothing in it', 'JSON', () => ''],
  ]
  it.each(EDITS)('one %s', async (_, reason, edit) => {
    await expect(decodeFacts(await edited(edit))).rejects.toThrow(reason)
  })

  it('numbers that are none are left out', async () => {
    const read = await decodeFacts(await edited((text) => text.replaceAll('"restarts":3', '"restarts":"3"')))
    expect(read.lists.objects('configmaps', 'n0').get('ConfigMap/0')).toEqual({ uid: '', spec: 's', images: ['web:1'] })
  })
})
