import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { inspectTask } from '../../../agent/task/inspect.ts'
import { readJob } from '../../../core/job.ts'
import { parseYaml } from '../../../core/yaml.ts'
import { FakeClock } from '../../support/clock.ts'
import { sourceLoader } from '../../support/source-loader.ts'

const page = readFileSync(resolve(import.meta.dirname, '../../../docs/specs.md'), 'utf8')
const blocks = [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = '']) => text)
const isJob = (text: string) => text.includes('support-bundle-schedule.io/v1')

it.each(blocks.filter((text) => !isJob(text)))('docs/specs.md: nothing is wrong with the spec %#', async (text) => {
  const { issues } = await inspectTask(
    { task: 'inspect-spec', sources: [{ text, name: 'docs/specs.md' }], targets: [], pluginFolders: [] },
    { loader: await sourceLoader(), platform: 'linux', clock: new FakeClock(), signal: new AbortController().signal, fetch },
  )
  expect(issues).toEqual([])
})

it.each(blocks.filter(isJob))('docs/specs.md: nothing is wrong with the job %#', (text) => {
  expect(readJob(parseYaml(text).value).issues).toEqual([])
})

it('docs/specs.md has examples of both', () => expect(blocks.map(isJob)).toEqual([false, true, true, false, false, true]))
