import { describe, expect, it } from 'vitest'
import hostSystemPackages from '../../collectors/host-system-packages/index.ts'
import { run } from '../agent/analysis/run-analyzer.ts'
import { codes, collect, issues, texts } from './collect.ts'

const PATH = 'host-collectors/system/packages-packages.json'

it('tells of each package what the tool says, and how it ended', async () => {
  const gathered = await collect(hostSystemPackages, { ubuntu: ['open-iscsi', 'nfs-common'], rhel: ['none'] })
  expect(codes(gathered)).toEqual([])
  expect(JSON.parse(texts(gathered)[PATH]!)).toEqual({
    os: 'ubuntu',
    osVersion: '22.04',
    packages: [
      { name: 'open-iscsi', details: expect.stringContaining('Status: install ok installed\n'), exitCode: '0' },
      { name: 'nfs-common', details: '', exitCode: '1', error: expect.stringContaining('is not installed') },
    ],
  })
})

describe('which packages are asked for', () => {
  const LISTS = [
    ...['ubuntu', 'ubuntu16', 'ubuntu18', 'ubuntu20', 'rhel', 'rhel7', 'rhel8', 'rhel9', 'rocky', 'rocky8', 'rocky9'],
    ...['centos', 'centos7', 'centos8', 'centos9', 'ol', 'ol7', 'ol8', 'ol9', 'amzn', 'amzn2'],
  ]
  /** each list has one package, of its own name */
  const entry = Object.fromEntries(LISTS.map((name) => [name, [name]]))
  const asked = async (osRelease: string, files = {}) => {
    const lines: string[] = []
    const tool = (command: string) => (args: string[]) => (lines.push([command, ...args].join(' ')), {})
    const machine = { files: { '/etc/os-release': osRelease, ...files }, commands: { dpkg: tool('dpkg'), rpm: tool('rpm') } }
    const gathered = await collect(hostSystemPackages, entry, machine)
    return codes(gathered).length > 0 ? codes(gathered) : lines
  }

  it.each([
    ['ID=ubuntu\nVERSION_ID="16.04"', ['dpkg -s ubuntu', 'dpkg -s ubuntu16']],
    ['VERSION_ID="18.04"\nID=ubuntu', ['dpkg -s ubuntu', 'dpkg -s ubuntu18']],
    ['ID=ubuntu\nVERSION_ID="20.10"', ['dpkg -s ubuntu', 'dpkg -s ubuntu20']],
    ['ID=ubuntu\nVERSION_ID="24.04"', ['dpkg -s ubuntu']],
    [`ID='rhel'\nVERSION_ID='7.9'`, ['rpm -qi rhel', 'rpm -qi rhel7']],
    ['ID="rhel"\nVERSION_ID="8.10"', ['rpm -qi rhel', 'rpm -qi rhel8']],
    ['ID="rhel"\nVERSION_ID="9"', ['rpm -qi rhel', 'rpm -qi rhel9']],
    ['ID="rhel"\nVERSION_ID="80"', ['rpm -qi rhel']],
    ['ID="rocky"\nVERSION_ID="8.9"', ['rpm -qi rocky', 'rpm -qi rocky8']],
    ['ID="rocky"\nVERSION_ID="9.3"', ['rpm -qi rocky', 'rpm -qi rocky9']],
    ['ID="centos"\nVERSION_ID="7"', ['rpm -qi centos', 'rpm -qi centos7']],
    ['ID="centos"\nVERSION_ID="8"', ['rpm -qi centos', 'rpm -qi centos8']],
    ['ID="centos"\nVERSION_ID="9"', ['rpm -qi centos', 'rpm -qi centos9']],
    ['ID="ol"\nVERSION_ID="7.9"', ['rpm -qi ol', 'rpm -qi ol7']],
    ['ID="ol"\nVERSION_ID="8.9"', ['rpm -qi ol', 'rpm -qi ol8']],
    ['ID="ol"\nVERSION_ID="9.3"', ['rpm -qi ol', 'rpm -qi ol9']],
    ['ID="amzn"\nVERSION_ID="2"', ['rpm -qi amzn', 'rpm -qi amzn2']],
    ['ID="amzn"\nVERSION_ID="2023"', ['rpm -qi amzn']],
  ])('%j', async (osRelease, want) => {
    expect(await asked(osRelease)).toEqual(want)
  })

  it.each([
    ['another distribution', 'ID=debian\nVERSION_ID="12"'],
    ['a name that objects have anyway', 'ID=constructor\nVERSION_ID="1"'],
    ['no version', 'ID=ubuntu\nID_LIKE=debian'],
    ['no distribution', 'NAME=x\nVERSION_ID=1'],
  ])('none on %s', async (_, osRelease) => {
    expect(await asked(osRelease)).toEqual(['SYSTEM_PACKAGES_UNKNOWN'])
  })

  it('those of an old Amazon Linux', async () => {
    const old = (text: string) => asked('', { '/etc/system-release': text })
    expect(await old('Amazon Linux AMI release 2014.03\n')).toEqual(['rpm -qi amzn'])
    expect(await old('Amazon Linux release 2 \n')).toEqual(['rpm -qi amzn', 'rpm -qi amzn2'])
    expect(await old('Oracle Linux Server release 6\n')).toEqual(['SYSTEM_PACKAGES_UNKNOWN'])
  })
})

it.each([
  ['there is no dpkg', {}, 'dpkg could not be run: spawn dpkg ENOENT'],
  ['dpkg does not end', { dpkg: new Error('dpkg did not end in 20000 ms') }, 'did not end'],
])('gives a warning and no file when %s', async (_, commands, said) => {
  const gathered = await collect(
    hostSystemPackages,
    { ubuntu: ['a'] },
    { files: { '/etc/os-release': 'ID=ubuntu\nVERSION_ID=22.04' }, commands },
  )
  expect([texts(gathered), codes(gathered)]).toEqual([{}, ['HOST_TOOL_FAILED']])
  expect(gathered.warnings[0]?.message).toContain(said)
})

it('does not wait for a locked database for ever', async () => {
  let timeoutMs: number | undefined
  const commands = { dpkg: (_: string[], options: { timeoutMs?: number }) => ((timeoutMs = options.timeoutMs), {}) }
  await collect(hostSystemPackages, { ubuntu: ['a'] }, { files: { '/etc/os-release': 'ID=ubuntu\nVERSION_ID=22.04' }, commands })
  expect(timeoutMs).toBe(20_000)
})

it.each(['--pipe=sh', '-a', '', 'a b'])('refuses %j for a name', async (name) => {
  expect(await issues(hostSystemPackages, { rhel8: [name] })).toEqual(['rhel8.0: must be the name of a package'])
})

it('is understood by the analyzer', async () => {
  const entry = { collectorName: 'storage', ubuntu: ['open-iscsi', 'nfs-common'] }
  const files = texts(await collect(hostSystemPackages, entry))
  const outcomes = [
    { fail: { when: '{{ not .IsInstalled }}', message: '{{ .Name }} is missing' } },
    { pass: { message: '{{ .Name }} {{ .Version }} on {{ .OS }} {{ .OSVersionMajor }}' } },
  ]
  const results = run('hostAnalyzers', 'systemPackages', { collectorName: 'storage', outcomes }, files)
  expect(results.map(({ message }) => message)).toEqual(['open-iscsi 2.1.5-1ubuntu1 on ubuntu 22', 'nfs-common is missing'])
})
