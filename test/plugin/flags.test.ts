import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProductError } from '../../core/errors.ts'
import { readFlags } from '../../plugin/flags.ts'
import { defineArgs } from '../../plugin/verb.ts'

const ARGS = defineArgs({
  job: { type: 'positional', required: true },
  rest: { type: 'positional', required: false },
  output: { type: 'string', alias: 'o' },
  watch: { type: 'boolean', alias: 'w' },
  force: { type: 'boolean', alias: 'f', default: true },
  cron: { type: 'string', alias: 'c' },
  state: { type: 'enum', options: ['pending', 'running'] },
  auto: { type: 'string', valueHint: '[=PROFILE]' },
})

const read = (...argv: string[]) => readFlags('verb', 'usage of verb', ARGS, ['cron'], argv)

function refusal(...argv: string[]): string {
  try {
    const { args, words } = read(...argv)
    return `taken: ${JSON.stringify({ args, words })}`
  } catch (error) {
    if (!(error instanceof ProductError)) throw error
    return `${error.code} ${error.message}`
  }
}

describe('what is taken', () => {
  it.each<[string[], Record<string, unknown>]>([
    [['a', '-o', 'yaml'], { output: 'yaml' }],
    [['a', '-o=yaml'], { output: 'yaml' }],
    [['a', '-oyaml'], { output: 'yaml' }],
    [['-oyaml', 'a'], { output: 'yaml' }],
    [['--output=yaml', 'a'], { output: 'yaml' }],
    [['--output', 'yaml', 'a'], { output: 'yaml' }],
    [['a', '-ojsonpath={.a=1}'], { output: 'jsonpath={.a=1}' }],
    [['a', '--output=a=b'], { output: 'a=b' }],
    [['a', '-o', '-'], { output: '-' }],
    [['a', '--output=--x'], { output: '--x' }],
    [['a', '-wo', 'yaml'], { watch: true, output: 'yaml' }],
    [['a', '-woyaml'], { watch: true, output: 'yaml' }],
    [['a', '-wf=false'], { watch: true, force: false }],
    [['a'], { watch: undefined, force: true }],
    [['a', '--watch'], { watch: true }],
    [['a', '-w=true'], { watch: true }],
    [['a', '--watch=false'], { watch: false }],
    [['a', '--no-watch'], { watch: false }],
    [['a', '--no-force'], { force: false }],
    [['a', '--no-force=false'], { force: true }],
    [['a', '--force=true'], { force: true }],
    [['a', '--state', 'pending'], { state: 'pending' }],
    [['a', '--auto=x'], { auto: 'x' }],
    [['a', '--auto', 'b'], { auto: 'true', rest: 'b' }],
    [['--auto', 'a', '-w'], { auto: 'true', job: 'a', watch: true }],
    [['a', '--auto'], { auto: 'true' }],
    [['a'], { auto: undefined }],
    [['--local', 'a'], { local: true }],
    [['a', '--', '--watch'], { job: 'a', rest: '--watch' }],
    [['--', '-o'], { job: '-o', rest: undefined }],
    [['-'], { job: '-' }],
    [['a', '--output', 'line\nbreak'], { output: 'line\nbreak' }],
  ])('%j', (argv, want) => {
    const { args } = read(...argv)
    const got = Object.fromEntries(Object.keys(want).map((name) => [name, Reflect.get(args, name)]))
    expect(got).toEqual(want)
  })

  it('keeps all values of a list, in order, and the last of nothing', () => {
    expect(read('a', '-c', '1', '--cron=2', '-c3').lists.get('cron')).toEqual(['1', '2', '3'])
  })
})

describe('what is refused', () => {
  it.each<[string[], string]>([
    [['a', '--outptu', 'x'], 'USAGE_FLAG_UNKNOWN unknown flag "--outptu" for "verb"; did you mean "--output"?'],
    [['a', '--outptu=x'], 'USAGE_FLAG_UNKNOWN unknown flag "--outptu" for "verb"; did you mean "--output"?'],
    [['a', '--no-forse'], 'USAGE_FLAG_UNKNOWN unknown flag "--no-forse" for "verb"; did you mean "--no-force"?'],
    [['a', '-local'], 'USAGE_FLAG_UNKNOWN unknown flag "-l" for "verb"; did you mean "--local"?'],
    [['a', '-x'], 'USAGE_FLAG_UNKNOWN unknown flag "-x" for "verb"'],
    [['a', '-wx'], 'USAGE_FLAG_UNKNOWN unknown flag "-x" for "verb"'],
    [['a', '--jobs'], 'USAGE_FLAG_UNKNOWN unknown flag "--jobs" for "verb"'],
    [['a', '--no-output'], 'USAGE_FLAG_UNKNOWN unknown flag "--no-output" for "verb"; did you mean "--output"?'],
    [['a', '--no-no-force'], 'USAGE_FLAG_UNKNOWN unknown flag "--no-no-force" for "verb"; did you mean "--no-force"?'],
    [['a', '--=x'], 'USAGE_FLAG_UNKNOWN unknown flag "--" for "verb"'],
    [['a', '--constructor'], 'USAGE_FLAG_UNKNOWN unknown flag "--constructor" for "verb"'],
    [['a', '--__proto__=x'], 'USAGE_FLAG_UNKNOWN unknown flag "--__proto__" for "verb"'],
    [['a', '--output'], 'USAGE_FLAG_VALUE flag "--output" needs a value'],
    [['a', '-o'], 'USAGE_FLAG_VALUE flag "--output" needs a value'],
    [['a', '--output='], 'USAGE_FLAG_VALUE flag "--output" needs a value'],
    [['a', '--output', ''], 'USAGE_FLAG_VALUE flag "--output" needs a value'],
    [['a', '--output', '--watch'], 'USAGE_FLAG_VALUE flag "--output" needs a value'],
    [['a', '--output', '--', 'x'], 'USAGE_FLAG_VALUE flag "--output" needs a value'],
    [['a', '--state'], 'USAGE_FLAG_VALUE flag "--state" needs one of pending, running'],
    [['a', '--state', 'runing'], 'USAGE_FLAG_VALUE flag "--state" takes one of pending, running; did you mean "running"?'],
    [['a', '--watch=yes'], 'USAGE_FLAG_VALUE flag "--watch" takes only true or false'],
    [['a', '--no-watch=no'], 'USAGE_FLAG_VALUE flag "--watch" takes only true or false'],
    [['a', '-w', '--watch'], 'USAGE_FLAG_VALUE flag "--watch" was given more than once'],
    [['a', '-o', 'x', '-o', 'y'], 'USAGE_FLAG_VALUE flag "--output" was given more than once'],
    [['--watch', '--no-watch', 'a'], 'USAGE_FLAG_VALUE flag "--watch" was given more than once'],
    [[], 'USAGE_ARGUMENTS "verb" needs JOB'],
    [['--watch'], 'USAGE_ARGUMENTS "verb" needs JOB'],
    [['--'], 'USAGE_ARGUMENTS "verb" needs JOB'],
    [['a', 'b', 'c'], 'USAGE_ARGUMENTS "verb" does not take "c"'],
    [['a', 'b', '--', '-w'], 'USAGE_ARGUMENTS "verb" does not take "-w"'],
  ])('%j', (argv, want) => {
    expect(refusal(...argv)).toBe(want)
  })

  it('needs no words when help is asked for', () => {
    expect(read('-h').args.help).toBe(true)
    expect(refusal('--help=false')).toBe('USAGE_ARGUMENTS "verb" needs JOB')
  })
})

it('gives back the value that was given, whatever it is and however it is written', () => {
  const value = fc.string({ unit: 'grapheme', minLength: 1 })
  fc.assert(
    fc.property(value, fc.constantFrom('--output=', '-o=', '--output '), (text, how) => {
      fc.pre(!how.endsWith(' ') || !text.startsWith('--'))
      const argv = how.endsWith(' ') ? [how.trim(), text] : [`${how}${text}`]
      expect(read('a', ...argv).args.output).toBe(text)
    }),
  )
})

it('never does anything but give values or refuse with a catalogued error', () => {
  const token = fc.oneof(
    fc.constantFrom(
      'a',
      '-',
      '--',
      '-o',
      '-w',
      '--watch',
      '--output',
      '--no-force',
      '--state=running',
      '-wo',
      '--local',
      '=',
      '-=',
    ),
    fc.string({ maxLength: 6 }),
    fc.string({ maxLength: 4 }).map((text) => `--${text}`),
    fc.string({ maxLength: 4 }).map((text) => `-${text}`),
  )
  fc.assert(
    fc.property(fc.array(token, { maxLength: 6 }), (argv) => {
      const told = refusal(...argv)
      expect(told).toMatch(/^(taken|USAGE_FLAG_UNKNOWN|USAGE_FLAG_VALUE|USAGE_ARGUMENTS)/)
    }),
    { numRuns: 500 },
  )
})
