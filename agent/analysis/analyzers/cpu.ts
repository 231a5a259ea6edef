import * as z from 'zod'
import { compare, wholeNumber } from '../comparison.ts'
import { jsonFileAnalyzer } from '../json-file.ts'

const CpuInfo = z.object({
  logicalCount: z.number().default(0),
  physicalCount: z.number().default(0),
  flags: z.array(z.string()).nullish(),
  machineArch: z.string().default(''),
})
type CpuInfo = z.infer<typeof CpuInfo>

/** CPU flags that each level of the x86-64 psABI adds to the one before. */
const LEVELS: readonly (readonly [name: string, flags: readonly string[]])[] = [
  ['x86-64', ['cmov', 'cx8', 'fpu', 'fxsr', 'mmx', 'syscall', 'sse', 'sse2']],
  ['x86-64-v2', ['cx16', 'lahf_lm', 'popcnt', 'ssse3', 'sse4_1', 'sse4_2']],
  ['x86-64-v3', ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'lzcnt', 'movbe', 'xsave']],
  ['x86-64-v4', ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl']],
]

const COUNTS: Readonly<Record<string, (info: CpuInfo) => number>> = {
  logical: ({ logicalCount }) => logicalCount,
  physical: ({ physicalCount }) => physicalCount,
  count: ({ logicalCount, physicalCount }) => Math.max(logicalCount, physicalCount),
}

/** `when`: `[count|logical|physical] <op> N`, `machineArch == X`, `supports x86-64-v2`, `hasFlags a,b`. */
export const cpu = jsonFileAnalyzer({
  title: () => 'Number of CPUs',
  path: () => 'host-collectors/system/cpu.json',
  content: CpuInfo,
  holds(when, info) {
    const parts = when.split(' ')
    const [subject = '', operator = '', wanted = ''] = parts.length === 2 ? ['count', ...parts] : parts
    if (parts.length !== 2 && parts.length !== 3) throw new Error(`it must have 2 or 3 words, not ${parts.length}`)
    const flags = info.flags ?? []
    // As in the peer, these two may stand behind any word.
    if (operator.toLowerCase() === 'supports') return flagsOfLevel(wanted).every((flag) => flags.includes(flag))
    if (operator.toLowerCase() === 'hasflags') return wanted.split(',').every((flag) => flags.includes(flag))
    if (subject.toLowerCase() === 'machinearch') return compareText(info.machineArch, operator, wanted)
    const count = Object.hasOwn(COUNTS, subject.toLowerCase()) ? COUNTS[subject.toLowerCase()] : undefined
    if (!count) throw new Error(`"${subject}" is unknown; use count, logical, physical or machineArch`)
    return compare(count(info), operator, wholeNumber(wanted))
  },
})

function flagsOfLevel(name: string): string[] {
  const index = LEVELS.findIndex(([level]) => level === name)
  if (index < 0) throw new Error(`microarchitecture "${name}" is unknown`)
  return LEVELS.slice(0, index + 1).flatMap(([, flags]) => flags)
}

function compareText(actual: string, operator: string, wanted: string): boolean {
  if (!/^(?:={1,3}|!==?)$/.test(operator)) throw new Error(`unknown operator "${operator}"; known are = == === != !==`)
  return (actual === wanted) !== operator.startsWith('!')
}
