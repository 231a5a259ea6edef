import * as z from 'zod'
import { compare, wholeNumber, words } from '../comparison.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import { ofFile } from '../gather.ts'
import { judge, Text } from '../outcomes.ts'
import { count, flag, listOf, readJson, text } from '../shapes.ts'
import { boundedExec } from '../../go-regexp/bounded.ts'
import { compileGoRegexp } from '../../go-regexp/go-regexp.ts'

const MATCH_BUDGET_MS = 1000

const Device = z.object({
  name: text,
  kernel_name: text,
  parent_kernel_name: text,
  type: text,
  size: count,
  filesystem_type: text,
  mountpoint: text,
  read_only: flag,
  removable: flag,
})
type Device = z.infer<typeof Device>

const Config = z.strictObject({
  ...COMMON,
  collectorName: Text,
  minimumAcceptableSize: z.int().nullish(),
  includeUnmountedPartitions: z.boolean().nullish(),
  additionalDeviceTypes: z.array(Text).nullish(),
})
type Config = z.infer<typeof Config>

/** `when`: `<regular expression> <op> N`, on the number of free devices of such a name. */
export const blockDevices = defineAnalyzer({
  schema: Config,
  title: () => 'Block Devices',
  start: (config, report) =>
    ofFile(
      {
        path: 'host-collectors/system/block_devices.json',
        read: (path, bytes) => freeDevices(readJson(path, bytes, listOf(Device)), config),
        judge: (free) => [report(judge(config.outcomes, (when) => holds(when, free)))],
      },
      report,
    ),
})

/** Whole disks, and what else the config takes for one, that nothing uses or lies on. */
function freeDevices(devices: readonly Device[], config: Config): Device[] {
  const types = ['disk', ...(config.includeUnmountedPartitions ? ['part'] : []), ...(config.additionalDeviceTypes ?? [])]
  const parents = new Set(devices.map((device) => device.parent_kernel_name))
  return devices.filter(
    (device) =>
      types.includes(device.type) &&
      device.size >= (config.minimumAcceptableSize ?? 0) &&
      device.mountpoint === '' &&
      device.filesystem_type === '' &&
      !device.read_only &&
      !device.removable &&
      !parents.has(device.kernel_name),
  )
}

function holds(when: string, free: readonly Device[]): boolean {
  const [pattern, operator, wanted] = words(when, 3)
  const { regexp } = compileGoRegexp(pattern)
  const matching = free.filter(({ name }) => boundedExec(regexp, name, MATCH_BUDGET_MS) !== null)
  return compare(matching.length, operator, wholeNumber(wanted))
}
