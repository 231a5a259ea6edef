import { fail } from '../core/errors.ts'
import { type JobSpec, readJob, showIssues } from '../core/job.ts'
import { API_VERSION, LABEL_KIND } from '../core/names.ts'
import { TEXT_LIMIT } from '../core/store/store.ts'
import { parseYaml } from '../core/yaml.ts'

/** A job before it is in the store. */
export interface JobDraft {
  name: string | undefined
  /** as the user wrote it, without defaults */
  value: Record<string, unknown>
  labels: Record<string, string>
  annotations: Record<string, string>
  namespace: string | undefined
}

type Node = Record<string, unknown>

/** Reads `job.yaml`, or a ConfigMap that holds one. Throws JOB_INVALID, JOB_TOO_LARGE. */
export function readDraft(text: string, source: string): JobDraft {
  const size = Buffer.byteLength(text)
  if (size > 2 * TEXT_LIMIT.job) throw fail('JOB_TOO_LARGE', { source, size: String(size), limit: String(TEXT_LIMIT.job) })
  const value = parse(text, source)
  if (value['kind'] !== 'ConfigMap') return { name: undefined, value, labels: {}, annotations: {}, namespace: undefined }
  const metadata = asNode(value['metadata'])
  const inner = asNode(value['data'])['job.yaml']
  if (typeof inner !== 'string') throw fail('JOB_INVALID', { source, issues: 'the ConfigMap has no data["job.yaml"]' })
  const labels = texts(metadata['labels'])
  if (labels[LABEL_KIND] !== 'job')
    throw fail('JOB_INVALID', { source, issues: `the ConfigMap needs the label ${LABEL_KIND}: job` })
  return {
    name: typeof metadata['name'] === 'string' ? metadata['name'] : undefined,
    value: parse(inner, `${source}, data["job.yaml"]`),
    labels,
    annotations: texts(metadata['annotations']),
    namespace: typeof metadata['namespace'] === 'string' ? metadata['namespace'] : undefined,
  }
}

/** The job's spec with defaults. Throws JOB_INVALID with every place that is wrong; unknown keys are wrong too. */
export function checkDraft(value: unknown, source: string): JobSpec {
  const { spec, issues } = readJob(value)
  if (!spec || issues.length > 0) throw fail('JOB_INVALID', { source, issues: showIssues(issues) })
  return spec
}

/** A job made of nothing but what was asked for. */
export const emptyDraft = (): Node => ({ apiVersion: API_VERSION })

function parse(text: string, source: string): Node {
  const { value, issues } = parseYaml(text)
  if (issues.length > 0)
    throw fail('JOB_INVALID', {
      source,
      issues: issues.map((issue) => `line ${issue.line}, column ${issue.column}: ${issue.message}`).join('; '),
    })
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw fail('JOB_INVALID', { source, issues: 'it is not a job' })
  return value as Node
}

const asNode = (value: unknown): Node => (typeof value === 'object' && value !== null ? (value as Node) : {})

const texts = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(asNode(value)).filter((pair): pair is [string, string] => typeof pair[1] === 'string'))
