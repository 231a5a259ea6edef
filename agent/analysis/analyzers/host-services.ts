import * as z from 'zod'
import { words } from '../comparison.ts'
import { jsonFileAnalyzer } from '../json-file.ts'

const text = z.string().default('')
const Services = z.array(z.object({ Unit: text, Load: text, Active: text, Sub: text })).nullable()

const IS_EQUAL: Readonly<Record<string, boolean>> = { '=': true, '==': true, '!=': false, '<>': false }

/**
 * `when`: `<unit> <op> <active>[,<sub>[,<load>]]`, where an empty part or `*` stands for any state. The unit is the first
 * whose name begins so; without one nothing holds, not even `!=`.
 */
export const hostServices = jsonFileAnalyzer({
  title: () => 'Host Services',
  path: () => 'host-collectors/system/systemctl_services.json',
  content: Services,
  holds(when, services) {
    const [unit, operator, states] = words(when, 3)
    const isEqual = Object.hasOwn(IS_EQUAL, operator) ? IS_EQUAL[operator] : undefined
    if (isEqual === undefined) throw new Error(`unknown operator "${operator}"; known are ${Object.keys(IS_EQUAL).join(' ')}`)
    const service = services?.find(({ Unit }) => Unit.startsWith(unit))
    if (!service) return false
    const actual = [service.Active, service.Sub, service.Load]
    const wanted = states.split(',').slice(0, actual.length)
    const isSame = wanted.every((state, index) => state === '' || state === '*' || state === actual[index])
    return isSame === isEqual
  },
})
