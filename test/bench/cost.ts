import { spawnSync } from 'node:child_process'
import type { Figure } from './figure.ts'

/** Medians of one command, in ms. CPU time counts all threads of it and of its children, in user and system mode. */
export interface Cost {
  cpuMs: number
  wallMs: number
}

/** Node tells nothing of a child that has ended; the shell does. */
const TIMED = 'TIMEFORMAT=\'%3U %3S\'; time "$@" >/dev/null 2>&1 </dev/null'

/** What commands cost, in turns, so that the machine's moods hit all of them alike. Throws when one fails. */
export function race(commands: readonly (readonly string[])[], env: NodeJS.ProcessEnv, rounds = 15): Cost[] {
  const costs = commands.map(() => ({ cpu: [] as number[], wall: [] as number[] }))
  // the first round warms up the caches of the disk
  for (let round = 0; round <= rounds; round++)
    commands.forEach((command, index) => {
      const begin = performance.now()
      const { status, stderr } = spawnSync('bash', ['-c', TIMED, 'bash', ...command], { env, encoding: 'utf8' })
      const wall = performance.now() - begin
      if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}: ${stderr}`)
      const [user = 0, system = 0] = stderr.trim().split(' ').map(Number)
      if (round === 0) return
      costs[index]?.cpu.push((user + system) * 1000)
      costs[index]?.wall.push(wall)
    })
  return costs.map(({ cpu, wall }) => ({ cpuMs: median(cpu), wallMs: median(wall) }))
}

/** Two rows: CPU time, which the limit is about, as other work on the machine cannot change it much; and wall time. */
export function costFigures(name: string, cost: Cost, against: { name: string; cost: Cost }, limit: string): Figure[] {
  const row = (kind: string, of: keyof Cost, more: Partial<Figure>): Figure => ({
    name: `${name}, ${kind}`,
    value: cost[of],
    unit: 'ms',
    against: { name: against.name, value: against.cost[of] },
    ...more,
  })
  return [row('CPU time', 'cpuMs', { limit }), row('wall time', 'wallMs', {})]
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
