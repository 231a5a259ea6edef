import { describe, expect, it } from 'vitest'
import { stderrLogger } from '../../../agent/task/stderr-logger.ts'
import { FakeClock } from '../../support/clock.ts'

describe('the logger of a task', () => {
  const lines: string[] = []
  const log = stderrLogger((line) => void lines.push(line), new FakeClock('2026-01-01T00:00:00Z'))
  const last = () => JSON.parse(lines.at(-1) ?? '') as unknown

  it('writes one JSON line an entry', () => {
    log.warn({ path: 'a\nb' }, 'seen')
    expect(lines.at(-1)).toMatch(/^[^\n]*\n$/)
    expect(last()).toEqual({ timestamp: '2026-01-01T00:00:00.000Z', level: 'warn', message: 'seen', path: 'a\nb' })
  })

  it('never throws, whatever is logged', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    for (const fields of [
      circle,
      { big: 1n },
      {
        get x() {
          throw new Error('no')
        },
      },
      null,
      undefined,
    ]) {
      log.error(fields as object, 'odd')
      expect(last()).toMatchObject({ level: 'error', message: 'odd' })
    }
    log.info({}, 1n as never)
    expect(last()).toEqual({})
  })
})
