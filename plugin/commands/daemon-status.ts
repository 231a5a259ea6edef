import { EXIT } from '../../core/errors.ts'
import { showDuration, showSize } from '../../core/quantity.ts'
import type { CliEdge } from '../cli-edge.ts'
import { askDaemon, findDaemon } from '../daemon.ts'
import { OUTPUT, readFormat, show } from '../output/format.ts'
import { fields } from '../output/text.ts'
import { defineVerb } from '../verb.ts'

const WATCH_EACH_MS = 2_000

export default defineVerb({
  usage: 'daemon status [flags]',
  about: 'Shows whether a daemon runs for this store, and what it does. Exit code 3 when none runs.',
  args: { output: OUTPUT, watch: { type: 'boolean', alias: 'w', description: 'show it again every two seconds, until Ctrl-C' } },
  async run({ args, edge, folder }) {
    const format = await readFormat(args.output, 'daemon status')
    for (;;) {
      const data = await look(edge, folder)
      const names = data.pid === undefined ? [] : [String(data.pid)]
      const text = await show(format, { data, names, table: () => describe(data) })
      edge.out(text)
      // A script gets nothing on stdout, and the exit code; a person would wonder.
      if (!data.running && text === '') edge.err(describe(data))
      if (!args.watch) return data.running ? EXIT.ok : EXIT.notFound
      await edge.clock.sleep(WATCH_EACH_MS, edge.signal).catch(() => undefined)
      if (edge.signal.aborted) return EXIT.ok
    }
  },
})

interface DaemonView {
  running: boolean
  folder: string
  pid?: number
  url?: string
  startedAt?: string
  uptimeMs?: number
  answers?: boolean
  [more: string]: unknown
}

async function look(edge: CliEdge, folder: string): Promise<DaemonView> {
  const daemon = await findDaemon(edge, folder)
  if (!daemon) return { running: false, folder }
  const told = daemon.port === undefined ? undefined : await askDaemon(edge, folder, daemon.port)
  return {
    running: true,
    folder,
    pid: daemon.pid,
    ...(daemon.port === undefined ? {} : { url: `http://127.0.0.1:${daemon.port}` }),
    startedAt: daemon.startedAt.toISOString(),
    uptimeMs: edge.clock.now().getTime() - daemon.startedAt.getTime(),
    answers: told !== undefined,
    ...told,
  }
}

function describe(data: DaemonView): string {
  if (!data.running) return `no daemon runs for ${data.folder}\n`
  const number = (key: string) => (typeof data[key] === 'number' ? data[key] : undefined)
  return fields([
    ['State', data.answers ? 'running' : 'running, but does not answer'],
    ['PID', String(data.pid)],
    ['Uptime', showDuration(data.uptimeMs ?? 0)],
    ['Memory', number('residentBytes') === undefined ? undefined : showSize(number('residentBytes') ?? 0)],
    ['CPU', number('cpuSeconds') === undefined ? undefined : `${number('cpuSeconds')?.toFixed(1)} s in all`],
    ['Active jobs', number('activeRuns')?.toString()],
    ['Total jobs', number('jobs')?.toString()],
    ['Deliveries', number('waitingDeliveries')?.toString()],
    ['Address', data.url],
    ['Store', data.folder],
  ])
}
