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
      out:
        'job.yaml: a valid job\nmap.yaml: a valid job\nmap.json: a valid job\nspec.yaml: a valid spec that collects\n' +
        'ENTRY           WRITES TO                                        NEEDS\n' +
        'cpu (host)      host-collectors/system, host-collectors/errors   -\n' +
        'memory (host)   host-collectors/system, host-collectors/errors   -\n',
    })
    const said = await cli.pipe(JOB, 'validate', '-')
    expect(said).toMatchObject({ code: 0, out: '-: a valid job\n' })
  })

  it('shows what a profile adds to a job', async () => {
    const cli = await makeCli()
    await cli.file('job.yaml', `${JOB}collect: {auto: standard, namespaces: [shop]}\n`)
    const { out, code } = await cli.run('validate', 'job.yaml')
    const rows = out.split('\n').map((line) => line.split(/ {2,}/))
    expect(rows[0]).toEqual(['job.yaml: a valid job that collects'])
    expect(rows).toContainEqual(['images', 'images', 'list pods'])
    expect(rows.map(([key]) => key)).toEqual(expect.arrayContaining(['clusterInfo', 'clusterResources', 'logs']))
    expect(code).toBe(0)
    const { items } = JSON.parse(await cli.out('validate', 'job.yaml', '-o', 'json')) as {
      items: { entries: { source: string }[] }[]
    }
    expect(items[0]?.entries.map(({ source }) => source)).toEqual(Array.from({ length: 4 }, () => 'added by auto: standard'))
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

  it('makes unknown and misplaced keys errors with --strict, and not what this version lacks', async () => {
    const cli = await makeCli()
    const spec = 'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  collectors:\n'
    await cli.file('a.yaml', `${spec}    - ceph: {}\n    - logs: {namespaces: [x], maxAge: 1h}\n`)
    const loose = await cli.run('validate', 'a.yaml')
    expect(loose.code).toBe(0)
    expect(loose.out.split('\n').slice(0, 3)).toEqual([
      expect.stringMatching(/^a.yaml:6:14: warning: collector "logs" does not know "namespaces"; .*did you mean "namespace"\?/),
      expect.stringMatching(/^a.yaml:6:31: warning: collector "logs" does not know "maxAge"; .*it belongs to "limits"/),
      expect.stringMatching(/^a.yaml:5:7: warning: collector "ceph" is not supported/),
    ])
    expect(loose.out).toMatch(/\nceph {4}not supported +-\n/)
    expect(loose.out).toMatch(/\nlogs {4}cluster-resources\/pods\/logs, \. {3}list pods; get pods\/log\n/)
    const strict = await cli.run('validate', 'a.yaml', '--strict')
    expect(strict.code).toBe(2)
    expect(strict.out.match(/: (error|warning):/g)).toEqual([': error:', ': error:', ': warning:'])
    expect((await cli.run('create', 'a', '--local', '-c', '@daily', '-s', 'a.yaml', '--strict')).err).toMatch(
      /^error: a.yaml: 6:14: collector "logs".*SPEC_INVALID/,
    )
    expect((await cli.run('collect', 'a.yaml', '--strict')).err).toMatch(/^error: a.yaml: 6:14: collector "logs".*SPEC_INVALID/)
  })

  it('names the specs of a job that are read only when it runs', async () => {
    const cli = await makeCli()
    const specs = [{ configMap: { name: 'vendor' } }, { secret: { name: 'other', key: 'a' } }, { url: 'https://a.example/b' }]
    await cli.file('job.yaml', JOB + toYaml({ collect: { specs } }))
    expect(await cli.out('validate', 'job.yaml')).toBe(
      'job.yaml: a valid job\n' +
        'job.yaml: collect.specs[0] (ConfigMap vendor): read at each run\n' +
        'job.yaml: collect.specs[1] (Secret other): read at each run\n' +
        'job.yaml: collect.specs[2] (https://a.example/b): read at each run\n',
    )
    await cli.file('bad.yaml', JOB + toYaml({ collect: { specs: [{ configMap: { name: 'a' }, url: 'https://a.example' }, {}] } }))
    const said = await cli.run('validate', 'bad.yaml')
    expect(said.out).toMatch(/collect.specs\[0\] must have one of inline, configMap, secret and url/)
    expect(said.out).toMatch(/collect.specs\[1\] must have one of/)
  })

  it('takes a document of analyzers alone, which is for "analyze"', async () => {
    const cli = await makeCli()
    const document = (kind: string) => `apiVersion: troubleshoot.sh/v1beta2\nkind: ${kind}\nspec: {analyzers: []}\n`
    await cli.file('analyzers.yaml', document('Analyzer'))
    await cli.file('empty.yaml', document('SupportBundle'))
    expect(await cli.out('validate', 'analyzers.yaml')).toMatch(/SPEC_KIND_UNUSED\)\nanalyzers.yaml: a valid spec\n$/)
    expect(await cli.run('validate', 'empty.yaml')).toMatchObject({
      code: 2,
      out: expect.stringContaining('SPEC_EMPTY') as unknown,
    })
    expect((await cli.run('create', 'a', '--local', '-c', '@daily', '-s', 'analyzers.yaml')).code).toBe(2)
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
