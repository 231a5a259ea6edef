import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JobSpec } from '../../core/job.ts'
import { parseYaml, toYaml } from '../../core/yaml.ts'
import { makeCli } from '../support/cli.ts'

const API = 'apiVersion: support-bundle-schedule.io/v1\n'
const CRON = ['--cron', '0 2 * * *']

interface ConfigMap {
  metadata: { name: string; labels: Record<string, string>; annotations: Record<string, string> }
  data: { 'job.yaml': string }
}
const specOf = (map: ConfigMap) => parseYaml(map.data['job.yaml']).value as Record<string, unknown>

async function create(...argv: string[]) {
  return (await makeCli()).run('create', ...argv, '--local')
}

/** The first line of what was said is this, and the second one says what to do. */
async function expectRefusal(argv: string[], want: string, code = 2) {
  const said = await create(...argv)
  expect(said.err.split('\n')[0]).toBe(`error: ${want}`)
  expect(said.err.split('\n')[1]).toMatch(/^ {2}\S/)
  expect(said).toMatchObject({ code, out: '' })
}

describe('a job from flags', () => {
  it('is stored, shown with its next run, and warned about while no daemon runs', async () => {
    const cli = await makeCli()
    const said = await cli.run('create', 'nightly', '--local', '--cron', '0 2 * * *', '--timezone', 'Europe/Berlin')
    expect(said.out).toBe('job "nightly" created; next run 2026-01-01 02:00 +01:00\n')
    expect(said.err).toContain('no daemon runs')
    expect(said.code).toBe(0)
    expect(await cli.out('list', '--local', '-o', 'name')).toBe('job/nightly\n')
  })

  it('has each field that a flag names, and the zone written out', async () => {
    const cli = await makeCli()
    const text = await cli.out(
      ...[
        'create',
        'a',
        '--cron',
        '@daily',
        '--cron',
        '0 6 * * 1',
        '-d',
        'a line',
        '--labels',
        'team=a,example.org/b=',
        '--timeout',
        '5m',
        '--since',
        'lastSuccess',
      ],
      ...[
        '--starting-deadline',
        '1h',
        '--catch-up',
        'none',
        '--keep-last',
        '3',
        '--max-age',
        '9d',
        '--no-analyze',
        '--no-enabled',
      ],
      ...['--dry-run=client', '-o', 'json'],
    )
    const map = JSON.parse(text) as ConfigMap
    expect(map.metadata.labels).toEqual({ team: 'a', 'example.org/b': '', 'support-bundle-schedule.io/kind': 'job' })
    expect(map.metadata.annotations).toEqual({ 'support-bundle-schedule.io/paused': 'created disabled' })
    expect(specOf(map)).toEqual({
      apiVersion: 'support-bundle-schedule.io/v1',
      schedule: ['@daily', '0 6 * * 1'],
      collect: { since: 'lastSuccess' },
      description: 'a line',
      analyze: false,
      timeout: '5m',
      startingDeadline: '1h',
      catchUp: 'none',
      retention: { keepLast: 3, maxAge: '9d' },
      timeZone: 'UTC',
    })
  })

  it.each<[string[], unknown]>([
    [['--auto'], { auto: 'standard' }],
    [['--auto', '--description', 'x'], { auto: 'standard' }],
    [['--auto=true'], { auto: 'standard' }],
    [['--auto=paranoid'], { auto: 'paranoid' }],
    [['--auto=false'], { auto: false }],
    [[], undefined],
  ])('has the profile of %j', async (flags, collect) => {
    const cli = await makeCli()
    const text = await cli.out('create', 'a', ...CRON, ...flags, '--dry-run=client', '-o', 'json')
    expect(specOf(JSON.parse(text) as ConfigMap)['collect']).toEqual(collect)
  })

  it('keeps what a file says beside the profile, and has specs with it', async () => {
    const cli = await makeCli()
    await cli.file('job.yaml', `${API}schedule: '@daily'\ncollect: {namespaces: [shop], auto: minimal}\n`)
    await cli.file(
      'spec.yaml',
      'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec: {collectors: [{data: {name: a, data: b}}]}\n',
    )
    const create = async (...flags: string[]) =>
      specOf(JSON.parse(await cli.out('create', 'a', '-f', 'job.yaml', ...flags, '--dry-run=client', '-o', 'json')) as ConfigMap)
    expect((await create())['collect']).toEqual({ namespaces: ['shop'], auto: 'minimal' })
    expect((await create('--auto=comprehensive', '-s', 'spec.yaml'))['collect']).toEqual({
      namespaces: ['shop'],
      auto: 'comprehensive',
      specs: [{ inline: expect.objectContaining({ kind: 'SupportBundle' }) as unknown }],
    })
    expect((await create('--auto=false'))['collect']).toEqual({ namespaces: ['shop'], auto: false })
  })

  it('a dry run creates nothing and says so', async () => {
    const cli = await makeCli()
    expect(await cli.run('create', 'a', '--local', ...CRON, '--dry-run=client')).toEqual({
      code: 0,
      out: 'job "a" created (dry run)\n',
      err: '',
    })
    expect(await cli.out('create', 'a', '--local', ...CRON, '--dry-run=client', '-o', 'name')).toBe('job/a\n')
    expect(await cli.out('list', '--local', '-o', 'name')).toBe('')
  })

  it.each<[string[], string, number?]>([
    [['x'.repeat(53), ...CRON], `job name "${'x'.repeat(53)}" is not valid: it has 53 characters (JOB_NAME_INVALID)`],
    [['Nightly', ...CRON], 'job name "Nightly" is not valid: it has upper-case letters (JOB_NAME_INVALID)'],
    [['a.b', ...CRON], 'job name "a.b" is not valid: it has characters that are not allowed (JOB_NAME_INVALID)'],
    [['../x', ...CRON], 'job name "../x" is not valid: it has characters that are not allowed (JOB_NAME_INVALID)'],
    [['a-', ...CRON], 'job name "a-" is not valid: it begins or ends with "-" (JOB_NAME_INVALID)'],
    [['', ...CRON], 'job name "" is not valid: it is empty (JOB_NAME_INVALID)'],
    [['\u001b[31m', ...CRON], 'job name "\\u001b[31m" is not valid: it has characters that are not allowed (JOB_NAME_INVALID)'],
    [[...CRON], '"create" needs NAME (USAGE_ARGUMENTS)'],
    [['a'], '"create" needs --cron or -f (USAGE_ARGUMENTS)'],
    [['a', 'b', ...CRON], '"create" does not take "b" (USAGE_ARGUMENTS)'],
    [['a', '-c', 'nonsense'], 'schedule "nonsense" is not valid: it is a word, not five fields (SCHEDULE_INVALID)'],
    [['a', '-c', '0 0 30 2 *'], 'schedule "0 0 30 2 *" is not valid: it never comes (SCHEDULE_INVALID)'],
    [
      ['a', '-c', '0 0 2 * * *'],
      'schedule "0 0 2 * * *" is not valid: it has 6 fields: seconds are not supported (SCHEDULE_INVALID)',
    ],
    [['a', '-c', '@daily', '-c', '61 * * * *'], /^schedule "61 \* \* \* \*" is not valid: .*SCHEDULE_INVALID/.source],
    [
      ['a', ...CRON, '-z', 'Europe/Berln'],
      'time zone "Europe/Berln" is unknown; did you mean "Europe/Berlin"? (TIME_ZONE_INVALID)',
    ],
    [
      ['a', ...CRON, '--auto=standrd'],
      'flag "--auto" takes one of minimal, standard, comprehensive, paranoid; did you mean "standard"? (USAGE_FLAG_VALUE)',
    ],
    [['a', ...CRON, '--auto='], 'flag "--auto" needs a value (USAGE_FLAG_VALUE)'],
    [['a', '--auto', 'minimal', ...CRON], '"create" does not take "minimal" (USAGE_ARGUMENTS)'],
    [['a', ...CRON, '--keep-last', 'x'], 'flag "--keep-last" takes a number from 1 on, not "x" (USAGE_FLAG_VALUE)'],
    [['a', ...CRON, '--keep-last', '0'], 'flag "--keep-last" takes a number from 1 on, not "0" (USAGE_FLAG_VALUE)'],
    [['a', ...CRON, '--max-age', '9'], 'flag "--max-age" takes a duration like 90d, not "9" (USAGE_FLAG_VALUE)'],
    [
      ['a', ...CRON, '--since', 'yesterday'],
      'flag "--since" takes a duration like 24h or "lastSuccess", not "yesterday" (USAGE_FLAG_VALUE)',
    ],
    [['a', ...CRON, '--timeout', 'soon'], 'flag "--timeout" takes a duration like 30m, not "soon" (USAGE_FLAG_VALUE)'],
    [['a', ...CRON, '--timeout', '0s'], 'flag "--timeout" takes a duration of 1s at least (USAGE_FLAG_VALUE)'],
    [
      ['a', ...CRON, '--starting-deadline', '-5m'],
      'flag "--starting-deadline" takes a duration like 15m, not "-5m" (USAGE_FLAG_VALUE)',
    ],
    [
      ['a', ...CRON, '--catch-up', 'lates'],
      'flag "--catch-up" takes one of none, latest; did you mean "latest"? (USAGE_FLAG_VALUE)',
    ],
    [['a', ...CRON, '--labels', 'x'], 'flag "--labels" needs key=value, not "x" (USAGE_FLAG_VALUE)'],
    [['a', ...CRON, '--labels', 'a b=c'], 'flag "--labels" has a key that Kubernetes does not take: "a b" (USAGE_FLAG_VALUE)'],
    [
      ['a', ...CRON, '--labels', 'x/y/z=c'],
      'flag "--labels" has a key that Kubernetes does not take: "x/y/z" (USAGE_FLAG_VALUE)',
    ],
    [['a', ...CRON, '--labels', 'a=b c'], 'flag "--labels" has a value that Kubernetes does not take: "b c" (USAGE_FLAG_VALUE)'],
    [
      ['a', ...CRON, '--labels', `a=${'x'.repeat(64)}`],
      `flag "--labels" has a value that Kubernetes does not take: "${'x'.repeat(64)}" (USAGE_FLAG_VALUE)`,
    ],
    [
      ['a', ...CRON, '--labels', 'support-bundle-schedule.io/kind=run'],
      'flag "--labels" cannot set "support-bundle-schedule.io/kind": labels of support-bundle-schedule.io/ are the program\'s own (USAGE_FLAG_VALUE)',
    ],
    [['a', ...CRON, '--upload-credentials', 'b'], '"create" takes --upload-credentials only with --upload (USAGE_ARGUMENTS)'],
    [
      ['a', ...CRON, '--upload', 's3://b', '--upload-credentials', 'b'],
      `"create" takes no --upload-credentials with --local: uploaders use this user's own credentials (USAGE_ARGUMENTS)`,
    ],
    [['a', ...CRON, '--upload-options', 'a=b'], '"create" takes --upload-options only with --upload (USAGE_ARGUMENTS)'],
    [['a', ...CRON, '--dry-run'], 'flag "--dry-run" needs one of none, client (USAGE_FLAG_VALUE)'],
    [['a', ...CRON, '--dry-run=server'], 'flag "--dry-run" takes one of none, client (USAGE_FLAG_VALUE)'],
    [['a', ...CRON, '-s', '-', '-s', '-'], '"create" can read stdin only once (USAGE_ARGUMENTS)'],
    [['a', ...CRON, '-s', 'nope.yaml'], 'file "nope.yaml" cannot be read: there is no such file (FILE_NOT_FOUND)', 3],
    [['a', ...CRON, '-s', '.'], 'file "." cannot be read: it is a folder (FILE_NOT_FOUND)', 3],
    [['-f', 'nope.yaml'], 'file "nope.yaml" cannot be read: there is no such file (FILE_NOT_FOUND)', 3],
    [['a', ...CRON, '-d', 'x'.repeat(501)], /^the job: description .*JOB_INVALID/.source],
  ])('%j is refused', async (argv, want, code = 2) => {
    if (!want.startsWith('^')) return expectRefusal(argv, want, code)
    const said = await create(...argv)
    expect(said.err.slice('error: '.length)).toMatch(new RegExp(want))
    expect(said).toMatchObject({ code, out: '' })
  })

  it('a name that is taken is a conflict, and the job stays as it is', async () => {
    const cli = await makeCli()
    await cli.out('create', 'a', '--local', ...CRON)
    const said = await cli.run('create', 'a', '--local', '--cron', '@hourly')
    expect(said).toMatchObject({ code: 4, out: '' })
    expect(said.err).toContain('error: job "a" already exists (JOB_NAME_TAKEN)\n  choose another name')
    expect(await cli.out('list', '--local', '-o', 'jsonpath={.items[0].schedule}')).toBe('0 2 * * *')
  })

  it('of two that create one job at once, one does', async () => {
    const cli = await makeCli()
    const others = await Promise.all([1, 2, 3, 4].map(() => makeCli({ folder: cli.folder })))
    const said = await Promise.all(others.map((one) => one.run('create', 'a', '--local', ...CRON)))
    expect(said.map(({ code }) => code).toSorted()).toEqual([0, 4, 4, 4])
  })
})

describe('specs and targets', () => {
  const HOST = 'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  hostCollectors:\n'

  it('are checked, and stand in the job', async () => {
    const cli = await makeCli()
    await cli.file('spec.yaml', `${HOST}    - cpu: {}\n`)
    const argv = ['create', 'a', ...CRON, '-s', 'spec.yaml', '--upload', `file://${cli.cwd}`, '--dry-run=client', '-o', 'json']
    const spec = specOf(JSON.parse(await cli.out(...argv)) as ConfigMap)
    expect(spec['collect']).toMatchObject({ specs: [{ inline: { spec: { hostCollectors: [{ cpu: {} }] } } }] })
    expect(spec['upload']).toEqual([{ uploader: 'local', config: { path: cli.cwd } }])
  })

  it('come from stdin too', async () => {
    const cli = await makeCli()
    const said = await cli.pipe(`${HOST}    - memory: {}\n`, 'create', 'a', '--local', ...CRON, '-s', '-')
    expect(said.code).toBe(0)
  })

  it.each<[string, string, RegExp]>([
    ['no YAML', 'a: [', /^error: spec.yaml: .*SPEC_INVALID/],
    ['an unknown collector', `${HOST}    - cpuu: {}\n`, /there is no collector "cpuu"; did you mean "cpu"\?.*SPEC_INVALID/],
    [
      'redactors that nobody understands',
      'apiVersion: troubleshoot.sh/v1beta2\nkind: Redactor\nspec: {redactors: [{name: a, removal: {values: [x]}}]}\n',
      /3:30: "removal" is not a field.*did you mean "removals".*SPEC_INVALID/,
    ],
    ['another kind of file', 'hello: 1\n', /apiVersion must be troubleshoot.sh.*SPEC_INVALID/],
    ['nothing', '', /asks for nothing.*SPEC_INVALID/],
    ['too much', `${HOST}    - cpu: {}\n${'#'.repeat(1024 * 1024)}`, /at most 1048576.*SPEC_INVALID/],
  ])('a spec that is %s is refused', async (_, text, want) => {
    const cli = await makeCli()
    await cli.file('spec.yaml', text)
    const said = await cli.run('create', 'a', '--local', ...CRON, '-s', 'spec.yaml')
    expect(said.err).toMatch(want)
    expect(said).toMatchObject({ code: 2, out: '' })
  })

  it('a key that the collector does not know is a warning', async () => {
    const cli = await makeCli()
    await cli.file('spec.yaml', `${HOST}    - cpu: {"\\e[31mcolour": 1}\n`)
    const said = await cli.run('create', 'a', '--local', ...CRON, '-s', 'spec.yaml')
    expect(said.err).toContain('warning: spec.yaml:5:13: collector "cpu" does not know "\\u001b[31mcolour"; it was ignored\n')
    expect(said.code).toBe(0)
  })

  it('a job whose specs make it too large is refused before it is stored, and in a dry run', async () => {
    const cli = await makeCli()
    await cli.file('spec.yaml', `${HOST}    - run: {command: echo, args: ["${'x'.repeat(70_000)}"]}\n`)
    for (const dry of [[], ['--dry-run=client']]) {
      const said = await cli.run('create', 'a', '--local', ...CRON, '-s', 'spec.yaml', ...dry)
      expect(said.err).toMatch(/^error: the job is \d+ bytes long; a job has at most 65536 \(JOB_TOO_LARGE\)/)
      expect(said.code).toBe(2)
    }
  })

  it.each<[string[], RegExp]>([
    [['--upload', 'ftp://x/y'], /^error: upload: there is no uploader "ftp:?".*\(UPLOAD_INVALID\)/],
    [['--upload', 'nope'], /^error: upload: there is no uploader "nope".*\(UPLOAD_INVALID\)/],
    [['--upload', 'local'], /^error: upload: uploader "local": path.*\(UPLOAD_INVALID\)/],
    [['--upload', 'file:///mnt/x', '--upload-options', 'size=1'], /^error: upload: uploader "local": .*size.*\(UPLOAD_INVALID\)/],
    [['--upload', 'file://host/x'], /^error: upload: .*host.*\(UPLOAD_INVALID\)/],
    [
      ['--upload', 'file:///mnt/x', '--upload-options', 'size'],
      /^error: flag "--upload-options" needs key=value, not "size" \(USAGE_FLAG_VALUE\)/,
    ],
  ])('%j is refused', async (argv, want) => {
    const said = await create('a', ...CRON, ...argv)
    expect(said.err).toMatch(want)
    expect(said).toMatchObject({ code: 2, out: '' })
  })
})

describe('a job from a file', () => {
  it.each<[string, string, RegExp]>([
    [
      'an unquoted star',
      `${API}schedule: */5 * * * *\n`,
      /^error: job.yaml: line 2, column \d+: put the schedule in quotes: "\*\/5 \* \* \* \*" \(JOB_INVALID\)/,
    ],
    ['an unquoted macro', `${API}schedule: @daily\n`, /line 2, column \d+: put the schedule in quotes: "@daily" \(JOB_INVALID\)/],
    [
      'wrong types',
      `${API}schedule: "@daily"\nenabled: yes\ntimeout: 5\nupload: {}\n`,
      /enabled .*boolean.*; .*timeout .*string.*; .*upload .*\(JOB_INVALID\)/,
    ],
    ['a schedule that is a number', `${API}schedule: 5\n`, /schedule .*\(JOB_INVALID\)/],
    [
      'unknown keys',
      `${API}schedule: "@daily"\ncollekt: {}\nretention: {keeplast: 4}\n`,
      /(?=.*collekt is not a known key; did you mean "collect"\?)(?=.*retention.keeplast is not a known key; did you mean "keepLast"\?).*JOB_INVALID/,
    ],
    [
      'a later apiVersion',
      'apiVersion: support-bundle-schedule.io/v9\nschedule: "@daily"\n',
      /apiVersion .*support-bundle-schedule.io\/v1.*JOB_INVALID/,
    ],
    ['no schedule', API, /schedule .*\(JOB_INVALID\)/],
    [
      'a troubleshoot spec',
      'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\n',
      /it is a troubleshoot spec, not a job: give it with --spec \(JOB_INVALID\)/,
    ],
    ['nothing', '', /job.yaml: it is empty \(JOB_INVALID\)/],
    ['a list', '[]', /it is not a job: .*\(JOB_INVALID\)/],
    ['an anchor', `${API}schedule: &x "@daily"\n`, /anchors and aliases are not allowed \(JOB_INVALID\)/],
    ['two documents', `${API}schedule: "@daily"\n---\n${API}schedule: "@daily"\n`, /\(JOB_INVALID\)/],
    ['a key twice', `${API}schedule: "@daily"\nschedule: "@hourly"\n`, /\(JOB_INVALID\)/],
    [
      'too large',
      `${API}schedule: "@daily"\n${'#'.repeat(70_000)}`,
      /is 70\d{3} bytes long; a job has at most 65536 \(JOB_TOO_LARGE\)/,
    ],
    ['far too large', '#'.repeat(3_000_000), /bytes long; a job has at most 65536 \(JOB_TOO_LARGE\)/],
    [
      'a ConfigMap without our label',
      'kind: ConfigMap\nmetadata: {name: a}\ndata: {job.yaml: ""}\n',
      /needs the label support-bundle-schedule.io\/kind: job \(JOB_INVALID\)/,
    ],
    [
      'a ConfigMap without a job',
      'kind: ConfigMap\nmetadata: {name: a}\ndata: {}\n',
      /has no data\["job.yaml"\] \(JOB_INVALID\)/,
    ],
    [
      'a ConfigMap with a label that is a number',
      'kind: ConfigMap\nmetadata: {name: a, labels: {a: 1}}\ndata: {job.yaml: ""}\n',
      /metadata.labels\["a"\] is not a text; put it in quotes \(JOB_INVALID\)/,
    ],
    [
      'a ConfigMap whose name is none',
      `kind: ConfigMap\nmetadata: {name: A.b, labels: {support-bundle-schedule.io/kind: job}}\ndata: {job.yaml: '{"apiVersion": "support-bundle-schedule.io/v1", "schedule": "@daily"}'}\n`,
      /got the name "a"|job name "A.b" is not valid/,
    ],
  ])('with %s is refused', async (_, text, want) => {
    const cli = await makeCli()
    await cli.file('job.yaml', text)
    const said = await cli.run('create', 'a', '--local', '-f', 'job.yaml')
    expect(said.err).toMatch(want)
    expect(said).toMatchObject({ code: 2, out: '' })
    expect(await cli.out('list', '--local', '-o', 'name')).toBe('')
  })

  it('takes flags on top, which leave the fields beside them alone', async () => {
    const cli = await makeCli()
    await cli.file('job.yaml', `${API}schedule: "@daily"\nretention: {keepLast: 2, maxAge: 3d}\n`)
    const text = await cli.out(
      'create',
      'a',
      '-f',
      'job.yaml',
      '--keep-last',
      '9',
      '-c',
      '@weekly',
      '--dry-run=client',
      '-o',
      'json',
    )
    expect(specOf(JSON.parse(text) as ConfigMap)).toMatchObject({ schedule: '@weekly', retention: { keepLast: 9, maxAge: '3d' } })
  })

  it('refuses a name beside another one in the file', async () => {
    const cli = await makeCli()
    const text = await cli.out('create', 'a', ...CRON, '--dry-run=client', '-o', 'yaml')
    const said = await cli.pipe(text, 'create', 'b', '--local', '-f', '-')
    expect(said.err).toContain('"create" got the name "b", but the file says "a" (USAGE_ARGUMENTS)')
    expect(said.code).toBe(2)
  })
})

it('what a dry run prints is what create -f - takes, for any job', async () => {
  const duration = fc
    .tuple(fc.integer({ min: 1, max: 500 }), fc.constantFrom('s', 'm', 'h', 'd'))
    .map(([count, unit]) => `${count}${unit}`)
  const job = fc.record(
    {
      description: fc.string({ unit: 'grapheme', maxLength: 40 }),
      schedule: fc.constantFrom<string | string[]>('@daily', '*/5 * * * *', ['0 2 * * *', '30 4 * * 1-5'], '17 3 1,15 * *'),
      timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York'),
      enabled: fc.boolean(),
      analyze: fc.boolean(),
      catchUp: fc.constantFrom('none', 'latest'),
      timeout: duration,
      startingDeadline: duration,
      retention: fc.record(
        { keepLast: fc.integer({ min: 1, max: 100 }), maxAge: duration, keepLastGood: fc.boolean() },
        { requiredKeys: [] },
      ),
      limits: fc.constant({ memory: '512Mi' }),
    },
    { requiredKeys: ['schedule'] },
  )
  const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/)
  const format = fc.constantFrom('yaml', 'json')
  await fc.assert(
    fc.asyncProperty(
      name,
      job,
      format,
      fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
      async (name, fields, format, noise) => {
        const value = {
          apiVersion: 'support-bundle-schedule.io/v1',
          ...fields,
          description: (fields.description ?? '') + noise.replaceAll(/[\ud800-\udfff]/g, ''),
        }
        const cli = await makeCli()
        const first = await cli.pipe(toYaml(value), 'create', name, '-f', '-', '--dry-run=client', '-o', format)
        expect(first).toMatchObject({ code: 0, err: '' })
        expect(first.out).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
        const created = await cli.pipe(first.out, 'create', '--local', '-f', '-')
        expect(created.code, created.err).toBe(0)
        const stored = await cli.store.get({ kind: 'job', namespace: '', name })
        const again = parseYaml(stored?.text ?? '').value
        expect(JobSpec.parse(again)).toEqual(JobSpec.parse({ ...value, timeZone: value.timeZone ?? 'UTC' }))
      },
    ),
    { numRuns: 60 },
  )
})
