import { fail } from '../core/errors.ts'
import { type JobSpec, readJob, showIssues } from '../core/job.ts'
import { API_VERSION, LABEL_KIND } from '../core/names.ts'
import { TEXT_LIMIT } from '../core/store/store.ts'
import { parseYaml, type YamlIssue } from '../core/yaml.ts'

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
  // A ConfigMap holds the job as a text, which makes it longer; the job in it is measured below.
  checkSize(text, source, 2 * TEXT_LIMIT.job)
  const value = parse(text, source)
  if (value['kind'] !== 'ConfigMap') {
    checkSize(text, source)
    return { name: undefined, value, labels: {}, annotations: {}, namespace: undefined }
  }
  const metadata = asNode(value['metadata'])
  const inner = asNode(value['data'])['job.yaml']
  if (typeof inner !== 'string') throw fail('JOB_INVALID', { source, issues: 'the ConfigMap has no data["job.yaml"]' })
  checkSize(inner, source)
  const labels = texts(metadata, 'labels', source)
  if (labels[LABEL_KIND] !== 'job')
    throw fail('JOB_INVALID', { source, issues: `the ConfigMap needs the label ${LABEL_KIND}: job` })
  return {
    name: typeof metadata['name'] === 'string' ? metadata['name'] : undefined,
    value: parse(inner, `${source}, data["job.yaml"]`),
    labels,
    annotations: texts(metadata, 'annotations', source),
    namespace: typeof metadata['namespace'] === 'string' ? metadata['namespace'] : undefined,
  }
}

/** Throws JOB_TOO_LARGE. */
export function checkSize(text: string, source: string, limit: number = TEXT_LIMIT.job): void {
  const size = Buffer.byteLength(text)
  if (size > limit) throw fail('JOB_TOO_LARGE', { source, size: String(size), limit: String(TEXT_LIMIT.job) })
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
  const wrong = (issues: string) => fail('JOB_INVALID', { source, issues })
  if (issues.length > 0) throw wrong(issues.filter(isNews).map(showYamlIssue).join('; '))
  if (value === null || value === undefined) throw wrong('it is empty')
  if (typeof value !== 'object' || Array.isArray(value))
    throw wrong('it is not a job: a job is an object with apiVersion and schedule')
  const apiVersion = String((value as Node)['apiVersion'])
  if (apiVersion.startsWith('troubleshoot.')) throw wrong('it is a troubleshoot spec, not a job: give it with --spec')
  return value as Node
}

const asNode = (value: unknown): Node => (typeof value === 'object' && value !== null ? (value as Node) : {})

/** One mistake gives several issues of the parser; the first of a line and of a kind tells it. */
const isNews = (issue: YamlIssue, index: number, all: YamlIssue[]) =>
  all.findIndex((other) => other.message === issue.message || other.line === issue.line) === index

const showYamlIssue = (issue: YamlIssue) => `line ${issue.line}, column ${issue.column}: ${issue.message}`

function texts(metadata: Node, key: string, source: string): Record<string, string> {
  const entries = Object.entries(asNode(metadata[key]))
  const wrong = entries.find(([, value]) => typeof value !== 'string')
  if (wrong) throw fail('JOB_INVALID', { source, issues: `metadata.${key}["${wrong[0]}"] is not a text; put it in quotes` })
  return Object.fromEntries(entries) as Record<string, string>
}
