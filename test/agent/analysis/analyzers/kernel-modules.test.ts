import { describe, expect, it } from 'vitest'
import { lines, run } from '../run-analyzer.ts'

const modules = {
  br_netfilter: { size: 1, instances: 0, status: 'loaded' },
  nf_nat: { size: 0, instances: 0, status: 'loadable' },
}
const judged = (outcomes: unknown[], content: unknown = modules) =>
  lines(
    run(
      'hostAnalyzers',
      'kernelModules',
      { checkName: 'k', outcomes },
      { 'host-collectors/system/kernel_modules.json': content },
    ),
  )

// All results are the peer's.
describe('kernelModules', () => {
  it.each([
    {
      name: 'a default that is overruled',
      outcomes: [{ pass: { when: 'br_netfilter == loaded', message: 'a' } }, { fail: { message: 'd' } }],
      want: ['pass | a'],
    },
    {
      name: 'a default that is not',
      outcomes: [
        { pass: { when: 'br_netfilter,nf_nat == loaded,loadable', message: 'a' } },
        { warn: { message: 'w' } },
        { pass: { message: 'p' } },
      ],
      want: ['pass | a', 'pass | p'],
    },
    {
      name: 'a missing module',
      outcomes: [{ pass: { when: 'br_netfilter,nope == loaded', message: 'a' } }, { fail: { message: 'd' } }],
      want: ['fail | d'],
    },
    {
      name: 'a missing module, negated',
      outcomes: [
        { fail: { when: 'nope != loaded', message: 'a' } },
        { warn: { when: 'br_netfilter != loaded', message: 'b' } },
        { pass: { message: 'p' } },
      ],
      want: ['fail | a'],
    },
    {
      name: 'whichever module comes first',
      outcomes: [
        { fail: { when: 'br_netfilter,nope != loaded', message: 'a' } },
        { fail: { when: 'nope,br_netfilter <> loaded', message: 'b' } },
      ],
      want: ['fail | b'],
    },
    {
      name: 'every condition that holds',
      outcomes: [
        { warn: { when: 'br_netfilter = loaded', message: 'a' } },
        { pass: { when: 'nf_nat = loadable', message: 'b' } },
        { fail: { message: 'never' } },
        { pass: { message: 'p' } },
      ],
      want: ['warn | a', 'pass | b', 'pass | p'],
    },
    {
      name: 'a warning, which overrules nothing',
      outcomes: [{ warn: { when: 'br_netfilter = loaded', message: 'a' } }, { warn: { message: 'p' } }],
      want: ['warn | a', 'warn | p'],
    },
    { name: 'nothing', outcomes: [{ fail: { when: 'br_netfilter == unloading', message: 'a' } }], want: ['warn | no results'] },
  ])('$name', ({ outcomes, want }) => expect(judged(outcomes)).toEqual(want.map((line) => `k | ${line}`)))

  it('has no module in null, nor one named like a property of JavaScript', () => {
    const outcomes = [{ fail: { when: 'constructor != loaded', message: 'a' } }]
    expect([judged(outcomes, null), judged(outcomes)]).toEqual([['k | fail | a'], ['k | fail | a']])
  })

  it.each(['br_netfilter > loaded', 'br_netfilter', 'br_netfilter = loaded now'])('fails on %j', (when) => {
    expect(judged([{ fail: { when, message: 'a' } }])).toEqual([
      expect.stringMatching(/^k \| fail \| Analyzer Failed: cannot evaluate /),
    ])
  })

  it('fails when nothing was collected', () => {
    expect(lines(run('hostAnalyzers', 'kernelModules', {}, {}))).toEqual([
      'Kernel Modules | fail | Analyzer Failed: host-collectors/system/kernel_modules.json was not collected',
    ])
  })
})
