import { describe, expect, it } from 'vitest'
import { literal, perlClass, posixClass, unicodeClass } from '../../../agent/go-regexp/character-classes.ts'

const ALL = Array.from({ length: 0x2100 }, (_, code) => String.fromCodePoint(code)).concat('😀')
const members = (set: string | undefined, from = '') => {
  const expression = new RegExp(`^[${from}${set}]$`, 'u')
  return ALL.filter((character) => expression.test(character)).join('')
}

describe('classes', () => {
  it.each(['d', 's', 'w'])('\\%s and its complement share out all characters', (letter) => {
    expect(members(perlClass(letter), '^')).toBe(members(perlClass(letter.toUpperCase())))
  })

  it.each([
    'alnum',
    'alpha',
    'ascii',
    'blank',
    'cntrl',
    'digit',
    'graph',
    'lower',
    'print',
    'punct',
    'space',
    'upper',
    'word',
    'xdigit',
  ])('[:%s:] and its complement share out all characters', (name) =>
    expect(members(posixClass(name, false), '^')).toBe(members(posixClass(name, true))),
  )

  it('are ASCII, as in Go', () => {
    expect(members(perlClass('s'))).toBe('\t\n\f\r ')
    expect(members(perlClass('d'))).toBe('0123456789')
    expect(members(posixClass('space', false))).toBe('\t\n\v\f\r ')
    expect(members(posixClass('punct', false))).toBe('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~')
    expect(members(posixClass('xdigit', false))).toBe('0123456789ABCDEFabcdef')
  })

  it('know no others', () => expect([perlClass('x'), posixClass('toString', false)]).toEqual([undefined, undefined]))

  it.each([
    ['L', false, '\\p{L}'],
    ['Any', false, '\\p{Any}'],
    ['Lu', true, '\\P{Lu}'],
    ['Greek', false, '\\p{Script=Greek}'],
    ['^Greek', false, '\\P{Script=Greek}'],
    ['^Greek', true, '\\p{Script=Greek}'],
  ])('write %s, negated %s, as %s', (name, isNegated, want) => expect(unicodeClass(name, isNegated)).toBe(want))
})

it('literal makes every character stand for itself, in a class and outside', () => {
  for (const character of ALL) {
    expect(new RegExp(`^${literal(character)}$`, 'u').test(character)).toBe(true)
    expect(new RegExp(`^[^${literal(character)}]$`, 'u').test(character)).toBe(false)
  }
})
