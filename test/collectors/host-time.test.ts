import { expect, it } from 'vitest'
import hostTime from '../../collectors/host-time/index.ts'
import { codes, collect, texts } from './collect.ts'
import { serverBut } from './machines.ts'

const PATH = 'host-collectors/system/time.json'

it('tells what timedatectl shows', async () => {
  expect(texts(await collect(hostTime))).toEqual({
    [PATH]: '{"timezone":"EUROPE/BERLIN","ntp_synchronized":true,"ntp_active":true}',
  })
})

it('keeps the two states of NTP apart, and calls Etc/UTC by its usual name', async () => {
  const commands = { 'timedatectl show': 'Timezone=Etc/UTC\nCanNTP=yes\nNTP=no\nNTPSynchronized=yes\n' }
  expect(texts(await collect(hostTime, {}, serverBut({ commands })))).toEqual({
    [PATH]: '{"timezone":"UTC","ntp_synchronized":true,"ntp_active":false}',
  })
})

it.each<[string, Parameters<typeof serverBut>[0], string, string[]]>([
  ['/etc/timezone', { files: { '/etc/timezone': 'Asia/Tokyo\n' }, commands: {} }, 'ASIA/TOKYO', []],
  ['the link', { commands: { 'readlink -f /etc/localtime': '/usr/share/zoneinfo/America/New_York\n' } }, 'AMERICA/NEW_YORK', []],
  ['nothing', { commands: { 'readlink -f /etc/localtime': '/etc/localtime\n' } }, '', ['TIME_ZONE_UNKNOWN']],
])('without timedatectl warns, and takes the zone from %s', async (_, change, timezone, more) => {
  const gathered = await collect(hostTime, {}, serverBut(change))
  expect(codes(gathered)).toEqual(['HOST_TOOL_FAILED', 'TIME_NTP_UNKNOWN', ...more])
  expect(JSON.parse(Object.values(texts(gathered))[0]!)).toEqual({ timezone, ntp_synchronized: false, ntp_active: false })
})
