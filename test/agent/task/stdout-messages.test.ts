import { expect, it } from 'vitest'
import { messagesOn } from '../../../agent/task/stdout-messages.ts'

it('only messages are on stdout, and who says one can wait until it is on its way', async () => {
  const sent: string[] = []
  const elsewhere: string[] = []
  const waiting: (() => void)[] = []
  const stream = {
    write(text: string, done?: () => void) {
      if (text !== '') sent.push(text)
      if (done) waiting.push(done)
      return true
    },
  }
  const messages = messagesOn(stream, { write: (text: string) => (elsewhere.push(text), true) })
  stream.write('printed')
  messages.write('message')
  let isDrained = false
  const drained = messages.drained().then(() => (isDrained = true))
  await Promise.resolve()
  expect([sent, elsewhere, isDrained]).toEqual([['message'], ['printed'], false])
  waiting.forEach((done) => done())
  await drained
})
