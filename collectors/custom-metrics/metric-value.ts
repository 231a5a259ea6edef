interface Reference {
  kind?: string
  namespace?: string
  name?: string
  uid?: string
  apiVersion?: string
  resourceVersion?: string
  fieldPath?: string
}

/** A reading as adapters give it: v1beta1 has `metricName` and `selector`, v1beta2 has `metric`. */
export interface MetricValue {
  describedObject?: Reference
  metricName?: string
  selector?: object | null
  metric?: { name?: string; selector?: object | null }
  timestamp?: string
  window?: number | null
  windowSeconds?: number | null
  value?: string
}

/** The same in the words of the peer's files, which are those of its program: the first letters are capitals. */
export function describeValue(value: MetricValue): object {
  const { describedObject = {}, metric = {}, timestamp, window, windowSeconds } = value
  return {
    DescribedObject: {
      Kind: describedObject.kind ?? '',
      Namespace: describedObject.namespace ?? '',
      Name: describedObject.name ?? '',
      UID: describedObject.uid ?? '',
      APIVersion: describedObject.apiVersion ?? '',
      ResourceVersion: describedObject.resourceVersion ?? '',
      FieldPath: describedObject.fieldPath ?? '',
    },
    Metric: { Name: metric.name ?? value.metricName ?? '', Selector: metric.selector ?? value.selector ?? null },
    Timestamp: timestamp ?? null,
    WindowSeconds: windowSeconds ?? window ?? null,
    Value: value.value ?? '0',
  }
}

/** `metrics/Pod/http_requests/shop.json`: a file a namespace, or an object that is in none. */
export function pathOf({ describedObject: { kind = '', namespace, name = '' } = {} }: MetricValue, metric: string): string {
  return `metrics/${kind}/${metric}/${namespace || name}.json`
}
