import { expect, it } from 'vitest'
import { createSpeaker } from '../../../agent/task/speaker.ts'
import { encodeMessage } from '../../../core/task.ts'
import { FakeClock } from '../../support/clock.ts'

function speaker() {
  const clock = new FakeClock()
  const written: string[] = []
  return { clock, written, say: createSpeaker((text) => written.push(text), clock) }
}
const output = (path: string) => ({ type: 'output', path, bytes: 1 }) as const
const types = (written: string[]) =>
  written.map((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type),
  )

it('says the last of several outputs, a moment later', async () => {
  const { clock, written, say } = speaker()
  say(output('a'))
  say(output('b'))
  expect(written).toEqual([])
  await clock.advance(250)
  expect(written).toEqual([encodeMessage(output('b'))])
  say(output('c'))
  await clock.advance(250)
  expect(written).toHaveLength(2)
  await clock.advance(500)
  expect(written).toHaveLength(2)
})

it('says all else at once, and what was held back before it', () => {
  const { written, say } = speaker()
  say({ type: 'step', name: 'x' })
  say(output('a'))
  say({ type: 'done', result: {} })
  expect(types(written)).toEqual([['step'], ['output', 'done']])
})
