import { CONTRACT, defineHostCollector, type HostContext, jsonFile, warning } from '../../core/contract/index.ts'
import { JournaldConfig } from './schema.ts'

/** What the host keeps of a command's output; what is cut may lose the part of a character at its end. */
const KEPT_BYTES = 16 * 1024 * 1024 - 3

export default defineHostCollector<JournaldConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-journald',
    version: '1.0.0',
    summary: 'lines of the journal',
    specKey: 'journald',
    permissions: [],
    outputs: ['host-collectors/journald'],
    platforms: ['linux'],
  },
  configSchema: JournaldConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const args = optionsOf(context.config)
    const path = `host-collectors/journald/${context.config.collectorName || 'journald'}`
    const { stdout, stderr, exitCode, error } = await outcome(context, args)
    if (exitCode !== '0')
      yield warning('JOURNAL_UNREADABLE', `journalctl: ${error.split('\n')[0] || `ended with code ${exitCode}`}`)
    if (Buffer.byteLength(stdout) >= KEPT_BYTES)
      yield warning('JOURNAL_CUT', 'the journal is cut after 16 MiB: ask for fewer lines, or a later "since"')
    yield { type: 'file', path: `${path}.txt`, format: 'text', body: stdout }
    if (stderr !== '') yield { type: 'file', path: `${path}-stderr.txt`, format: 'text', body: stderr }
    const command = ['journalctl', ...args].join(' ')
    yield jsonFile(`${path}-info.json`, { command, exitCode, error, outputDir: '', input: '', env: [] })
  },
})

/** Fields as options of journalctl, in the peer's order. */
function optionsOf(config: JournaldConfig): string[] {
  const { system, dmesg, units, since, until, output, lines, reverse, utc } = config
  return [
    ...(system ? ['--system'] : []),
    ...(dmesg ? ['--dmesg'] : []),
    ...units.flatMap((unit) => ['-u', unit]),
    ...(since ? ['--since', since] : []),
    ...(until ? ['--until', until] : []),
    ...(output ? ['--output', output] : []),
    ...(lines > 0 ? ['-n', String(lines)] : []),
    ...(reverse ? ['--reverse'] : []),
    ...(utc ? ['--utc'] : []),
    '--no-pager',
  ]
}

/** How journalctl ended, in the peer's words: the exit code as text, "-1" when there is none. */
async function outcome(
  { host, config, signal }: HostContext<JournaldConfig>,
  args: string[],
): Promise<{ stdout: string; stderr: string; exitCode: string; error: string }> {
  try {
    const { stdout, stderr, exitCode } = await host.exec('journalctl', args, { timeoutMs: config.timeout })
    signal.throwIfAborted()
    return { stdout, stderr, exitCode: String(exitCode), error: exitCode === 0 ? '' : stderr }
  } catch (error) {
    signal.throwIfAborted()
    return { stdout: '', stderr: '', exitCode: '-1', error: error instanceof Error ? error.message : String(error) }
  }
}
