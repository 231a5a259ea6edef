import { expect, it } from 'vitest'
import clusterInfo from '../../collectors/cluster-info/index.ts'
import { forbidden } from '../../core/testkit/index.ts'
import { collectFrom, texts } from './collect.ts'

const version = { major: '1', minor: '34', gitVersion: 'v1.34.4', platform: 'linux/amd64' }

it('writes the version as the server tells it', async () => {
  const { files } = await collectFrom(clusterInfo, {}, { answers: { '/version': version } })
  expect(files.map(({ path }) => path)).toEqual(['cluster-info/cluster_version.json'])
  expect(files[0]?.text).toBe(`${JSON.stringify({ info: version, string: 'v1.34.4' }, undefined, 2)}\n`)
})

it.each([
  ['a refusal', forbidden('/version'), false],
  ['a broken server', Object.assign(new Error('it is down'), { class: 'retryable' }), true],
])('writes down %s', async (_, error, isLoss) => {
  const gathered = await collectFrom(clusterInfo, {}, { answers: { '/version': error } })
  expect(texts(gathered)).toEqual({ 'cluster-info/errors.json': `[\n  "${error.message}"\n]\n` })
  expect(gathered.warnings).toMatchObject([{ code: 'CLUSTER_VERSION_MISSING', isLoss }])
})
