export type Sample = [labels: Record<string, string>, value: number]

export interface Metric {
  /** without prefix */
  name: string
  type: 'gauge' | 'counter'
  /** one line */
  help: string
  samples: Sample[]
}

const PREFIX = 'troubleshoot_scheduler_'

/** Metrics in the text format of Prometheus, version 0.0.4. */
export const prometheusText = (metrics: readonly Metric[]): string => metrics.map(showMetric).join('')

function showMetric(metric: Metric): string {
  const name = PREFIX + metric.name
  const lines = metric.samples.map(([labels, value]) => `${name}${showLabels(labels)} ${value}\n`)
  return `# HELP ${name} ${metric.help}\n# TYPE ${name} ${metric.type}\n${lines.join('')}`
}

function showLabels(labels: Record<string, string>): string {
  const escape = (value: string) => value.replaceAll(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escape(value)}"`)
  return pairs.length > 0 ? `{${pairs.join(',')}}` : ''
}
