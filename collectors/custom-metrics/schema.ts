import * as z from 'zod'

const MetricRequest = z.strictObject({
  /** none: the metric is one of objects without a namespace */
  namespace: z.string().default(''),
  /** none: all of them */
  objectName: z.string().default(''),
  /** `pods/http_requests`: a kind in plural and the metric */
  resourceMetricName: z.string().min(1),
})
export type MetricRequest = z.infer<typeof MetricRequest>

export const CustomMetricsConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  metricRequests: z
    .array(MetricRequest)
    .nullable()
    .default([])
    .transform((requests) => requests ?? []),
})
export type CustomMetricsConfig = z.infer<typeof CustomMetricsConfig>
