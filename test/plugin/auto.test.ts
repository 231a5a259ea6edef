import { expect, it } from 'vitest'
import { makeCli } from '../support/cli.ts'

it('a job shows the profile that adds to its specs', async () => {
  const cli = await makeCli()
  await cli.file(
    'spec.yaml',
    'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nmetadata: {name: shop}\nspec: {collectors: [{data: {name: a, data: b}}]}\n',
  )
  await cli.out('create', 'alone', '--local', '--cron', '@daily', '--auto')
  await cli.out('create', 'both', '--local', '--cron', '@daily', '--auto=minimal', '-s', 'spec.yaml')
  await cli.out('create', 'none', '--local', '--cron', '@daily')
  const collects = async (name: string) => {
    const [, lines = ''] = /Collects: +([^]*?)\nAnalyze/.exec(await cli.out('status', name, '--local')) ?? []
    return lines.split('\n').map((line) => line.trim())
  }
  expect(await collects('alone')).toEqual(['what auto (standard) finds'])
  expect(await collects('both')).toEqual(['spec "shop"', 'what auto (minimal) adds'])
  expect(await collects('none')).toEqual(['the basics of this machine'])
  const autos = 'jsonpath={range .items[*]}{.name}={.auto} {end}'
  expect((await cli.out('list', '--local', '-o', autos)).trim()).toBe('alone=standard both=minimal none=')
  expect(JSON.parse(await cli.out('status', 'alone', '--local', '-o', 'json'))).toMatchObject({
    auto: 'standard',
    spec: { collect: { auto: 'standard' } },
  })
  const rows = (await cli.out('list', '--local', '-o', 'wide')).split('\n').map((line) => line.split(/ {2,}/))
  const at = rows[0]?.indexOf('AUTO') ?? -1
  expect(rows.slice(1, -1).map((row) => row[at])).toEqual(['standard', 'minimal', '-'])
})

it('help shows that the profile may be left out', async () => {
  const cli = await makeCli()
  for (const verb of ['create', 'collect']) expect(await cli.out(verb, '--help')).toMatch(/^ +--auto\[=PROFILE\] {2,}\S/m)
})
