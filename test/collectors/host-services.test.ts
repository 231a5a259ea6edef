import { expect, it } from 'vitest'
import hostServices from '../../collectors/host-services/index.ts'
import { codes, collect, texts } from './collect.ts'

const PATH = 'host-collectors/system/systemctl_services.json'

it('lists the services, also those with a mark before the name', async () => {
  const { [PATH]: text } = texts(await collect(hostServices))
  expect(JSON.parse(text!)).toEqual([
    { Unit: 'containerd.service', Load: 'loaded', Active: 'active', Sub: 'running' },
    { Unit: 'kubelet.service', Load: 'loaded', Active: 'failed', Sub: 'failed' },
    { Unit: 'ntp.service', Load: 'not-found', Active: 'inactive', Sub: 'dead' },
  ])
})

it.each([
  ['there is no systemctl', {}],
  [
    'systemd does not run',
    { systemctl: { stderr: 'System has not been booted with systemd as init system\nmore', exitCode: 1 } },
  ],
])('gives an empty list and a warning when %s', async (_, commands) => {
  const gathered = await collect(hostServices, {}, { commands })
  expect([texts(gathered), codes(gathered)]).toEqual([{ [PATH]: '[]' }, ['HOST_TOOL_FAILED']])
})
