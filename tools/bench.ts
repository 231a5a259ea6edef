import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../core/clock.ts'
import { bundleFigures } from '../test/bench/cluster.ts'
import { clusterFigures } from '../test/bench/cluster-agent.ts'
import { showFigures } from '../test/bench/figure.ts'
import { pipelineFigures } from '../test/bench/pipeline.ts'
import { programs } from '../test/bench/programs.ts'

/**
 * `npm run bench`: prints ratios against a floor in the same run; `-- --write` keeps them in docs/benchmarks.md, `--peer` runs
 * the peer beside them, if it is built.
 */
const withPeer = process.argv.includes('--peer')
// First, in a process that has done nothing else, as a task has not.
const redacting = await pipelineFigures()
const figures = [...(await programs()), ...(await clusterFigures()), ...(await bundleFigures({ withPeer })), ...redacting]
const cpu = cpus()
const text = `# Benchmarks

The last figures of \`npm run bench -- --write\`, ${systemClock.now().toISOString().slice(0, 10)}, on ${cpu.length} cores (${cpu[0]?.model.trim() ?? 'unknown'}), Node.js ${process.versions.node}.
Times of this machine say little about yours; the ratios against a floor measured in the same run do.

${showFigures(figures)}`
process.stdout.write(text)
if (process.argv.includes('--write')) writeFileSync(join(import.meta.dirname, '..', 'docs', 'benchmarks.md'), text)
