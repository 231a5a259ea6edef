import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkJobName, jobJsonSchema, readJob, showIssues } from '../../core/job.ts'
import { API_VERSION } from '../../core/names.ts'

const job = (change: object = {}) => ({ apiVersion: API_VERSION, schedule: '0 2 * * *', ...change })
const issuesOf = (value: unknown) => showIssues(readJob(value).issues)

describe('a job', () => {
  it('needs a schedule; all else has its default', () => {
    expect(readJob(job())).toEqual({
      issues: [],
      spec: {
        apiVersion: API_VERSION,
        description: '',
        schedule: '0 2 * * *',
        timeZone: 'UTC',
        enabled: true,
        startingDeadline: '15m',
        catchUp: 'latest',
        overlap: 'skip',
        timeout: '30m',
        collect: { specs: [], namespaces: [] },
        redact: { specs: [] },
        analyze: true,
        upload: [],
        retention: { keepLast: 14, maxAge: '90d', keepLastGood: true },
        limits: { memory: '1Gi', bundle: '4Gi' },
      },
    })
  })

  it('takes part of an inner object', () => {
    expect(readJob(job({ retention: { keepLast: 3 }, upload: [{ uploader: 's3' }] })).spec).toMatchObject({
      retention: { keepLast: 3, maxAge: '90d' },
      upload: [{ uploader: 's3', config: {} }],
    })
  })

  it.each<[unknown, string | undefined]>([
    ['minimal', 'minimal'],
    ['paranoid', 'paranoid'],
    [true, 'standard'],
    [false, undefined],
    [undefined, undefined],
  ])('reads auto: %s as the profile %s', (auto, profile) => {
    expect(readJob(job({ collect: auto === undefined ? {} : { auto } })).spec?.collect.auto).toBe(profile)
  })

  it('takes several lines of a schedule', () => {
    expect(readJob(job({ schedule: ['@daily', '0 2 * * *'] })).spec?.schedule).toEqual(['@daily', '0 2 * * *'])
  })

  it.each([
    ['nothing', null, 'expected object, received null'],
    ['a text', 'x', 'expected object, received string'],
    ['a list', [], 'expected object, received array'],
    ['no version', { schedule: '@daily' }, `apiVersion expected "${API_VERSION}"`],
    ['another version', job({ apiVersion: 'v2' }), `apiVersion expected "${API_VERSION}"`],
    ['no schedule', { apiVersion: API_VERSION }, 'schedule is missing'],
    ['a number for a schedule', job({ schedule: 5 }), 'schedule expected string or array, received number'],
    ['an empty schedule', job({ schedule: '' }), 'schedule too small: expected string to have >=1 characters'],
    [
      'a profile that is none',
      job({ collect: { auto: 'standrd' } }),
      'collect.auto invalid option: expected one of "minimal"|"standard"|"comprehensive"|"paranoid"',
    ],
    ['no line of a schedule', job({ schedule: [] }), 'schedule too small: expected array to have >=1 items'],
    ['a line that is none', job({ schedule: ['@daily', 7] }), 'schedule[1] expected string, received number'],
    [
      '21 lines',
      job({ schedule: Array.from({ length: 21 }, () => '@daily') }),
      'schedule too big: expected array to have <=20 items',
    ],
    ['a duration without unit', job({ timeout: '30' }), 'timeout is not a duration like 90s, 30m, 6h or 90d'],
    ['a number for a duration', job({ timeout: 30 }), 'timeout expected string, received number'],
    ['no time at all', job({ timeout: '0s' }), 'timeout is shorter than 1s'],
    ['no deadline at all', job({ startingDeadline: '900ms' }), 'startingDeadline is shorter than 1s'],
    ['a deadline past all time', job({ startingDeadline: '999999999w' }), 'startingDeadline is longer than 10 years'],
    ['a size that is none', job({ limits: { memory: 'much' } }), 'limits.memory is not a size like 512Mi or 2Gi'],
    ['a size of nothing', job({ limits: { bundle: '0' } }), 'limits.bundle must be more than 0'],
    ['none to keep', job({ retention: { keepLast: 0 } }), 'retention.keepLast too small: expected number to be >=1'],
    ['half of one to keep', job({ retention: { keepLast: 1.5 } }), 'retention.keepLast expected int, received number'],
    ['a word for a switch', job({ enabled: 'no' }), 'enabled expected boolean, received string'],
    ['another overlap', job({ overlap: 'replace' }), 'overlap expected "skip"'],
    ['an upload without uploader', job({ upload: [{ config: {} }] }), 'upload[0].uploader is missing'],
    [
      'an endless uploader',
      job({ upload: [{ uploader: 'x'.repeat(101) }] }),
      'upload[0].uploader too big: expected string to have <=100 characters',
    ],
    [
      'nine targets',
      job({ upload: Array.from({ length: 9 }, () => ({ uploader: 'a' })) }),
      'upload too big: expected array to have <=8 items',
    ],
    ['an object for a list', job({ upload: { uploader: 's3' } }), 'upload expected array, received object'],
    ['a spec by name only', job({ collect: { specs: ['default'] } }), 'collect.specs[0] expected object, received string'],
    [
      'two faults',
      job({ enabled: 1, analyze: 2 }),
      'enabled expected boolean, received number; analyze expected boolean, received number',
    ],
  ])('of %s is refused, with its place', (_, value, why) => {
    expect(readJob(value).spec).toBeUndefined()
    expect(issuesOf(value)).toBe(why)
  })
})

describe('a key that is not known', () => {
  it.each([
    ['at the top', { shedule: 'x' }, 'shedule is not a known key; did you mean "schedule"?'],
    ['that is near to nothing', { frobnicate: 1 }, 'frobnicate is not a known key'],
    ['in an object', { retention: { keeplast: 1 } }, 'retention.keeplast is not a known key; did you mean "keepLast"?'],
    [
      'in a list',
      { upload: [{ uploader: 'a' }, { uploader: 'b', confg: {} }] },
      'upload[1].confg is not a known key; did you mean "config"?',
    ],
    [
      'in a list of an object',
      { collect: { specs: [{ inline: {}, inlin: {} }] } },
      'collect.specs[0].inlin is not a known key; did you mean "inline"?',
    ],
    ['beside another one', { a: 1, b: 2 }, 'a is not a known key; b is not a known key'],
    [
      'of a name that objects have',
      { constructor: 1, toString: 2 },
      'constructor is not a known key; toString is not a known key',
    ],
  ])('%s: the job runs without it', (_, change, why) => {
    const { spec, issues } = readJob(job(change))
    expect(showIssues(issues)).toBe(why)
    expect(issues.every(({ isUnknownKey }) => isUnknownKey)).toBe(true)
    expect(spec?.schedule).toBe('0 2 * * *')
  })

  it('named __proto__ is left out like any other', () => {
    const value = JSON.parse(`{"apiVersion": "${API_VERSION}", "schedule": "@daily", "__proto__": {"enabled": false}}`) as unknown
    expect(readJob(value)).toMatchObject({ spec: { enabled: true }, issues: [{ path: '__proto__' }] })
  })

  it.each([
    ['redact', { redact: { sepcs: [] } }],
    ['below redact', { redact: { specs: [], off: true } }],
    ['encrypt', { encrypt: { recipient: 'x' } }],
    ['below limits', { limits: { cpu: '1' } }],
  ])('that would protect stops the job: %s', (_, change) => {
    const { spec, issues } = readJob(job(change))
    expect(spec).toBeUndefined()
    expect(issues[0]).toMatchObject({ isUnknownKey: true })
  })

  it('that only begins like one that protects does not', () => {
    expect(readJob(job({ redactions: 1, limitsNew: 2 })).spec).toBeDefined()
  })

  it('beside a real fault is no reason to run', () => {
    expect(readJob(job({ extra: 1, enabled: 'no' })).spec).toBeUndefined()
  })

  it('does not change what was given', () => {
    const value = job({ extra: 1, upload: [{ uploader: 'a', more: 2 }] })
    const before = structuredClone(value)
    readJob(value)
    expect(value).toEqual(before)
  })

  it('never makes reading throw, and leaving keys out never changes the rest', () => {
    const place = fc.constantFrom('top', 'collect', 'retention', 'upload')
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), place, (key, extra, where) => {
        const clean = { ...job(), upload: [{ uploader: 'a' }], retention: { keepLast: 3 }, collect: { specs: [] } }
        const value = structuredClone(clean)
        const node = { top: value, collect: value.collect, retention: value.retention, upload: value.upload[0] ?? {} }[where]
        if (Object.hasOwn(node, key)) return
        Object.defineProperty(node, key, { value: extra, enumerable: true, configurable: true, writable: true })
        const { spec, issues } = readJob(value)
        if (issues.length > 0 && issues.every((issue) => issue.isUnknownKey) && spec) expect(spec).toEqual(readJob(clean).spec)
        else expect(issues.length === 0 || spec === undefined).toBe(true)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('of whatever value does not make reading throw', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(readJob(value).issues.length).toBeGreaterThan(0)
      }),
      { seed: 1, numRuns: 300 },
    )
  })
})

describe('the name of a job', () => {
  it.each(['a', 'nightly', 'a-1', '0', 'x'.repeat(52)])('%s is taken', (name) => {
    expect(() => checkJobName(name)).not.toThrow()
  })

  it.each([
    ['', 'it is empty'],
    ['x'.repeat(53), 'it has 53 characters'],
    ['Nightly', 'it has upper-case letters'],
    ['-a', 'it begins or ends with "-"'],
    ['a-', 'it begins or ends with "-"'],
    ['a.b', 'it has characters that are not allowed'],
    ['a/../b', 'it has characters that are not allowed'],
    ['a\n', 'it has characters that are not allowed'],
  ])('%j is refused: %s', (name, reason) => {
    expect(() => checkJobName(name)).toThrow(
      expect.objectContaining({ code: 'JOB_NAME_INVALID', message: expect.stringContaining(reason) as string }),
    )
  })
})

it('there is a JSON schema for editors, with every key', () => {
  const schema = jobJsonSchema() as { properties: Record<string, unknown>; required: string[]; additionalProperties: boolean }
  expect(Object.keys(schema.properties)).toEqual(Object.keys(readJob(job()).spec ?? {}))
  expect(schema.required).toEqual(['apiVersion', 'schedule'])
  expect(schema.additionalProperties).toBe(false)
})
