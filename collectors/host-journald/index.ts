import { CONTRACT, defineHostCollector, HOST_ERRORS, hostErrorFile, jsonFile, warning } from '../../core/contract/index.ts'
import { readJournal } from './journal.ts'
import { JournaldConfig } from './schema.ts'

export default defineHostCollector<JournaldConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-journald',
    version: '1.0.0',
    summary: 'lines of the journal',
    specKey: 'journald',
    permissions: [],
    outputs: ['host-collectors/journald', HOST_ERRORS],
    platforms: ['linux'],
  },
  configSchema: JournaldConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const path = `host-collectors/journald/${context.config.collectorName || 'journald'}`
    const { stdout, stderr, exitCode, error, args, cut } = await readJournal(context)
    if (exitCode !== '0')
      yield warning('JOURNAL_UNREADABLE', `journalctl: ${error.split('\n')[0] || `ended with code ${exitCode}`}`)
    if (exitCode === '-1') yield hostErrorFile(context, 'journald', error)
    if (cut)
      yield warning(
        'JOURNAL_CUT',
        `the journal is cut, ${cut} are kept: ask for fewer "lines", single "units" or a later "since"`,
      )
    yield { type: 'file', path: `${path}.txt`, format: 'text', body: stdout }
    if (stderr !== '') yield { type: 'file', path: `${path}-stderr.txt`, format: 'text', body: stderr }
    const command = ['journalctl', ...args].join(' ')
    yield jsonFile(`${path}-info.json`, { command, exitCode, error, outputDir: '', input: '', env: [] })
  },
})
