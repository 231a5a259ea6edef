import type { Locate, Position, SpecProblem } from './document.ts'
import { isEnvelope, openEnvelope, shiftInto } from './envelope.ts'
import { interpretDocument } from './interpret.ts'
import type { Interpreted } from './interpret.ts'
import { readYaml } from './yaml-text.ts'

/** Longest text that is parsed, in bytes. */
export const MAX_SPEC_BYTES = 1024 * 1024
/** Most problems of each severity that are kept of one source. */
const MAX_PROBLEMS = 100

/**
 * Reads the troubleshoot documents of a YAML or JSON text. Never throws: what cannot be read becomes a problem with
 * line and column, and the other documents are still read. `source` names the text in problems.
 */
export function parseDocuments(text: string, source: string): Interpreted {
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_SPEC_BYTES) {
    const message = `the spec is ${bytes} bytes long; at most ${MAX_SPEC_BYTES} are read`
    return { documents: [], problems: [{ code: 'SPEC_TOO_LARGE', severity: 'error', message, source }] }
  }
  const { values, problems } = readYaml(text, source)
  return collect(
    values.map(({ value, at }) =>
      isEnvelope(value) ? readEnvelope(value, at, source, text) : interpretDocument(value, at, source),
    ),
    problems,
  )
}

/** Reads documents that are already objects, like those inside a job. Never throws. */
export function documentsFromObjects(objects: readonly unknown[], source: string): Interpreted {
  const at = () => ({})
  return collect(
    objects.map((value) => (isEnvelope(value) ? readEnvelope(value, at, source) : interpretDocument(value, at, source))),
  )
}

/** The documents that travel in a Secret or ConfigMap. Positions are those of the text around them, where there are such. */
function readEnvelope(value: Record<string, unknown>, at: Locate, source: string, outer = ''): Interpreted {
  const { enclosed, problems } = openEnvelope(value, at, source)
  const read = enclosed.map(({ text, name, path }) => {
    const shift = shiftInto(outer, at, path)
    const place = shift ? source : `${source}: ${name}`
    const { values, problems: faults } = readYaml(text, place)
    const moved = faults.map((fault) => (shift ? { ...fault, ...shift(() => positionOf(fault))([]) } : fault))
    return collect(
      values.map((one) => interpretDocument(one.value, shift ? shift(one.at) : one.at, place)),
      moved,
    )
  })
  return collect([{ documents: [], problems }, ...read])
}

const positionOf = ({ line, column }: SpecProblem): Position => ({
  ...(line === undefined ? {} : { line }),
  ...(column === undefined ? {} : { column }),
})

function collect(read: Interpreted[], yamlProblems: SpecProblem[] = []): Interpreted {
  const seen = { error: 0, warning: 0 }
  const problems = [...yamlProblems, ...read.flatMap((each) => each.problems)]
  return {
    documents: read.flatMap(({ documents }) => documents),
    problems: problems.filter(({ severity }) => ++seen[severity] <= MAX_PROBLEMS),
  }
}
