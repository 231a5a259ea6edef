import { describe, expect, it } from 'vitest'
import { toYaml } from '../../core/yaml.ts'
import { makeCli } from '../support/cli.ts'

const JOB = 'apiVersion: support-bundle-schedule.io/v1\nschedule: "@daily"\n'
const SPEC =
  'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  hostCollectors:\n    - cpu: {}\n    - memory: {}\n'

describe('validate', () => {
  it('tells jobs, ConfigMaps of jobs and specs apart, and what they collect', async () => {
    const cli = await makeCli()
    await cli.file('job.yaml', JOB)
    await cli.file('map.yaml', await cli.out('create', 'a', '-c', '@daily', '--dry-run=client', '-o', 'yaml'))
    await cli.file('map.json', await cli.out('create', 'a', '-c', '@daily', '--dry-run=client', '-o', 'json'))
    await cli.file('spec.yaml', SPEC)
    expect(await cli.run('validate', 'job.yaml', 'map.yaml', 'map.json', 'spec.yaml')).toEqual({
      code: 0,
      err: '',
      out: 'job.yaml: a valid job\nmap.yaml: a valid job\nmap.json: a valid job\nspec.yaml: a valid spec that collects cpu, memory\n',
    })
    const said = await cli.pipe(JOB, 'validate', '-')
    expect(said).toMatchObject({ code: 0, out: '-: a valid job\n' })
  })

  it('checks each file, whatever is wrong with the others, with the place', async () => {
    const cli = await makeCli()
    await cli.file('bad.yaml', `${SPEC}    - cpuu: {}\n`)
    await cli.file('broken.yaml', 'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec: [')
    await cli.file('job.yaml', `${JOB}timeZone: Mars/Olympus\n`)
    await cli.file('good.yaml', JOB)
    const said = await cli.run('validate', 'bad.yaml', 'nope.yaml', 'broken.yaml', '.', 'job.yaml', 'good.yaml')
    expect(said.out.split('\n')).toEqual([
      expect.stringMatching(/^bad.yaml.*: error: there is no collector "cpuu"; did you mean "cpu"\? \(COLLECTOR_UNKNOWN\)$/),
      'nope.yaml: error: file "nope.yaml" cannot be read: there is no such file (FILE_NOT_FOUND)',
      expect.stringMatching(/^broken.yaml:3:\d+: error: .*\(SPEC_YAML\)$/),
      '.: error: file "." cannot be read: it is a folder (FILE_NOT_FOUND)',
      'job.yaml: error: time zone "Mars/Olympus" is unknown (TIME_ZONE_INVALID)',
      'good.yaml: a valid job',
      '',
    ])
    expect(said).toMatchObject({ code: 3, err: '' })
    expect((await cli.run('validate', 'good.yaml', 'bad.yaml')).code).toBe(2)
  })

  it('gives the same as data', async () => {
    const cli = await makeCli()
    await cli.file('bad.yaml', `${SPEC}    - cpuu: {}\n`)
    const said = await cli.run('validate', 'bad.yaml', '-o', 'json')
    expect(JSON.parse(said.out)).toMatchObject({
      items: [
        {
          file: 'bad.yaml',
          kind: 'spec',
          collectors: ['cpu', 'memory', 'cpuu'],
          issues: [{ code: 'COLLECTOR_UNKNOWN', severity: 'error' }],
        },
      ],
    })
    expect(said.code).toBe(2)
  })

  it('checks specs and targets inside a job', async () => {
    const cli = await makeCli()
    const inline = { apiVersion: 'troubleshoot.sh/v1beta2', kind: 'SupportBundle', spec: { hostCollectors: [{ cpuu: {} }] } }
    await cli.file('job.yaml', JOB + toYaml({ collect: { specs: [{ inline }] }, upload: [{ uploader: 'nowhere' }] }))
    const said = await cli.run('validate', 'job.yaml')
    expect(said.out).toMatch(/there is no collector "cpuu"/)
    expect(said.out).toMatch(/there is no uploader "nowhere"/)
    expect(said.code).toBe(2)
  })

  it.each<[string[], RegExp]>([
    [[], /^error: "validate" needs FILE \(USAGE_ARGUMENTS\)/],
    [['-', '-'], /^error: "validate" can read stdin only once \(USAGE_ARGUMENTS\)/],
  ])('%j is refused', async (argv, want) => {
    const said = await (await makeCli()).run('validate', ...argv)
    expect(said.err).toMatch(want)
    expect(said.code).toBe(2)
  })
})
