import { expect, it } from 'vitest'
import hostBlockDevices from '../../collectors/host-block-devices/index.ts'
import { condition } from '../agent/analysis/run-analyzer.ts'
import { codes, collect, texts } from './collect.ts'

const PATH = 'host-collectors/system/block_devices.json'
const devices = async (lsblk: string) =>
  JSON.parse(texts(await collect(hostBlockDevices, {}, { commands: { lsblk } }))[PATH]!) as object[]

it('lists disks and partitions', async () => {
  const gathered = await collect(hostBlockDevices)
  const list = JSON.parse(texts(gathered)[PATH]!) as object[]
  expect([codes(gathered), list.length]).toEqual([[], 4])
  expect(list[1]).toEqual({
    name: 'sda1',
    kernel_name: 'sda1',
    parent_kernel_name: 'sda',
    type: 'part',
    major: 8,
    minor: 1,
    size: 107_372_117_504,
    filesystem_type: 'ext4',
    mountpoint: '/',
    serial: '',
    read_only: false,
    removable: false,
  })
  expect(list[3]).toMatchObject({ name: 'sr0', major: 11, minor: 0, serial: 'QM0003', read_only: true, removable: true })
})

it('asks for bytes, in a way that old versions know', async () => {
  let asked: string[] = []
  await collect(hostBlockDevices, {}, { commands: { lsblk: (args) => ((asked = args), {}) } })
  expect(asked).toEqual([
    '--noheadings',
    '--bytes',
    '--pairs',
    '-o',
    'NAME,KNAME,PKNAME,TYPE,MAJ:MIN,SIZE,FSTYPE,MOUNTPOINT,SERIAL,RO,RM',
  ])
})

it.each([
  ['another spelling of a column', 'KNAME="sda" MAJ_MIN="8:0"', { kernel_name: 'sda', major: 8, minor: 0 }],
  ['numbers with blanks', 'KNAME="sda" MAJ:MIN="  8:16 " SIZE=" 5"', { major: 8, minor: 16, size: 5 }],
  ['bytes that are not plain', 'KNAME="sda" MOUNTPOINT="/a\\x20b\\xc3\\xa4\\x22"', { mountpoint: '/a bä"' }],
  ['what may only be read', 'KNAME="sda" RO="1" RM="0"', { read_only: true, removable: false }],
  ['what can be taken out', 'KNAME="sda" RO="0" RM="1"', { read_only: false, removable: true }],
  ['columns that are not there', 'KNAME="sda"', { name: '', type: '', size: 0, removable: false }],
])('reads %s', async (_, line, want) => {
  expect(await devices(`${line}\n`)).toEqual([expect.objectContaining(want)])
})

it('has a device of two parents twice, and no line that is none', async () => {
  const md = (parent: string) => `NAME="md0" KNAME="md0" PKNAME="${parent}" TYPE="raid1"`
  expect(await devices(`${md('sda')}\n${md('sdb')}\n\nlsblk: dm-0: failed to get device path\n`)).toMatchObject([
    { parent_kernel_name: 'sda' },
    { parent_kernel_name: 'sdb' },
  ])
})

it.each([
  ['there is no lsblk', {}],
  ['lsblk fails', { lsblk: { stderr: 'lsblk: failed to access sysfs directory', exitCode: 1 } }],
])('gives a warning and no file when %s', async (_, commands) => {
  const gathered = await collect(hostBlockDevices, {}, { commands })
  expect([texts(gathered), codes(gathered)]).toEqual([{}, ['HOST_TOOL_FAILED']])
})

it.each([
  ['sd[a-z] == 1', 'held'],
  ['sd[a-z] > 1', 'not'],
])('is understood by the analyzer: %s', async (when, want) => {
  expect(condition('hostAnalyzers', 'blockDevices', when, texts(await collect(hostBlockDevices)))).toBe(want)
})
