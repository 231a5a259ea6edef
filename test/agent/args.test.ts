import { describe, expect, it } from 'vitest'
import { readArgs } from '../../agent/args.ts'

describe('the arguments of the agent', () => {
  it('are a folder at least', () => {
    expect(readArgs(['--folder', '/f'])).toMatchObject({
      folder: '/f',
      isBackground: false,
      request: undefined,
      cluster: undefined,
    })
  })

  it('may override the config', () => {
    const argv = [
      '--folder',
      '/f',
      '--background',
      '--config',
      'c',
      '--log-level',
      'warn',
      '--log-file',
      'l',
      '--check-interval',
      '5s',
      '--max-concurrent',
      '7',
    ]
    expect(readArgs(argv)).toMatchObject({
      config: 'c',
      logLevel: 'warn',
      logFile: 'l',
      checkInterval: '5s',
      maxConcurrent: '7',
      isBackground: true,
    })
  })

  it('may be one request', () => {
    expect(readArgs(['--folder', '/f', '--job', 'nightly', '--request', 'abc']).request).toEqual({ job: 'nightly', id: 'abc' })
  })

  it.each([
    ['no folder', [], /needs --folder/],
    ['a job without its request', ['--folder', '/f', '--job', 'nightly'], /--job and --request together/],
    ['a request without its job', ['--folder', '/f', '--request', 'abc'], /--job and --request together/],
    ['an unknown option', ['--folder', '/f', '--fast'], /Unknown option '--fast'/],
    ['a word', ['--folder', '/f', 'word'], /Unexpected argument/],
  ])('are refused with %s', (_, argv, why) => {
    expect(() => readArgs(argv)).toThrow(
      expect.objectContaining({ code: 'USAGE_ARGUMENTS', message: expect.stringMatching(why) as string }),
    )
  })
})
