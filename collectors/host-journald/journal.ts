import { type HostContext, reasonLine } from '../../core/contract/index.ts'
import type { JournaldConfig } from './schema.ts'

/** How journalctl ended, in the peer's words: the exit code as text, "-1" when there is none. */
export interface Journal {
  stdout: string
  stderr: string
  exitCode: string
  error: string
  args: string[]
  /** what was asked for and is not there, as the end of a message */
  cut?: string
}

/** What the host keeps of a command's output; what is cut may lose the part of a character at its end. */
const KEPT_BYTES = 16 * 1024 * 1024 - 3
/** Of the newest, when an entry has no bound: of more, most would be cut, and to read all of a large journal takes minutes. */
const MAX_ENTRIES = 200_000

type Context = Pick<HostContext<JournaldConfig>, 'host' | 'config' | 'signal'>

/**
 * The journal as an entry asks for it, or the newest part of that. The host keeps the beginning of what is printed, and wanted is
 * its end: a journal that is too long, or takes too long, is read again from its end. Newest first, since older versions count
 * `-n` from the wrong side when there is a `--since` or `--until`, but when they read that way.
 */
export async function readJournal(context: Context): Promise<Journal> {
  const { config } = context
  const hasNoBound = config.lines <= 0 && config.since === '' && config.until === ''
  const asked = hasNoBound ? { ...config, lines: MAX_ENTRIES } : config
  const first = await run(context, asked)
  const isLate = first.exitCode === '-1' && asked.lines <= 0
  if (!isCut(first) && !isLate)
    return hasNoBound && linesOf(first) >= MAX_ENTRIES ? { ...first, cut: `at most the newest ${MAX_ENTRIES} entries` } : first
  if (config.reverse && !isLate) return { ...whole(first), cut: 'only its newest 16 MiB' }
  const second = await run(context, { ...asked, lines: asked.lines > 0 ? asked.lines : MAX_ENTRIES, reverse: true })
  if (second.exitCode !== '0') return isLate ? first : { ...first, cut: 'only its oldest 16 MiB' }
  return {
    ...whole(second),
    cut: isCut(second) ? 'only its newest 16 MiB, newest first' : 'only its newest entries, newest first',
  }
}

const isCut = ({ stdout }: Journal) => Buffer.byteLength(stdout) >= KEPT_BYTES
const linesOf = ({ stdout }: Journal) => stdout.split('\n').length - 1
/** Without what is left of a line that was cut. */
const whole = (journal: Journal): Journal =>
  isCut(journal) ? { ...journal, stdout: journal.stdout.slice(0, journal.stdout.lastIndexOf('\n') + 1) } : journal

async function run({ host, config, signal }: Context, asked: JournaldConfig): Promise<Journal> {
  const args = optionsOf(asked)
  try {
    const { stdout, stderr, exitCode } = await host.exec('journalctl', args, { timeoutMs: config.timeout })
    signal.throwIfAborted()
    return { stdout, stderr, exitCode: String(exitCode), error: exitCode === 0 ? '' : stderr, args }
  } catch (error) {
    signal.throwIfAborted()
    return { stdout: '', stderr: '', exitCode: '-1', error: reasonLine(error), args }
  }
}

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
