import { describe, expect, it } from 'vitest'
import { ahead } from '../../../core/contract/index.ts'
import { settle } from '../../support/clock.ts'

/** Sources that note what happens to them. */
function sources(failing: Record<string, Error> = {}) {
  const log: string[] = []
  const begin = async function* (name: string) {
    log.push(`begin ${name}`)
    try {
      if (failing[name]) throw failing[name]
      yield `${name}1`
      yield `${name}2`
    } finally {
      log.push(`end ${name}`)
    }
  }
  return { log, begin }
}

describe('working ahead', () => {
  it('gives all values of all sources, in order', async () => {
    const { begin } = sources()
    const taken: string[] = []
    for await (const { item, values } of ahead(['a', 'b', 'c'], 2, begin))
      for await (const value of values) taken.push(`${item}:${value}`)
    expect(taken).toEqual(['a:a1', 'a:a2', 'b:b1', 'b:b2', 'c:c1', 'c:c2'])
  })

  it('begins so many before their turn', async () => {
    const { log, begin } = sources()
    const working = ahead(['a', 'b', 'c', 'd'], 2, begin)
    await working.next()
    await settle()
    expect(log).toEqual(['begin a', 'begin b'])
    await working.next()
    await settle()
    expect(log).toEqual(['begin a', 'begin b', 'end a', 'begin c'])
    await working.return(undefined)
  })

  it('keeps the error of a source until its turn, and goes on behind it', async () => {
    const { begin } = sources({ b: new Error('no b') })
    const taken: string[] = []
    for await (const { item, values } of ahead(['a', 'b', 'c'], 3, begin)) {
      // long enough for a rejection that nobody hears to end the process
      await settle()
      try {
        for await (const value of values) taken.push(value)
      } catch (error) {
        taken.push(`${item}: ${(error as Error).message}`)
      }
    }
    expect(taken).toEqual(['a1', 'a2', 'b: no b', 'c1', 'c2'])
  })

  it('ends all that it began when nobody wants the rest', async () => {
    const { log, begin } = sources()
    for await (const { values } of ahead(['a', 'b', 'c'], 3, begin)) {
      for await (const _ of values) break
      break
    }
    expect(log.filter((line) => line.startsWith('end')).toSorted()).toEqual(['end a', 'end b', 'end c'])
  })
})
