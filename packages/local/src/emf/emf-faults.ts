import { Ajv, type ValidateFunction } from 'ajv'
import { EMF_SCHEMA } from './emf-schema.ts'

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html: a log event, with its overhead. */
const MAX_EVENT_BYTES = 1_048_576 - 26
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html and API_Dimension.html */
const NAMESPACE = /^(?!AWS\/)(?!:)[\w .\-/#:]{1,255}$/
const MAX_METRIC_NAME = 255
const DIMENSION_VALUE = /^(?!:)(?=.*\S)[\x20-\x7e]{1,1024}$/
const LARGEST_VALUE = 2 ** 360

interface Directive {
  readonly Namespace: string
  readonly Dimensions: readonly (readonly string[])[]
  readonly Metrics: readonly { readonly Name: string; readonly StorageResolution?: number }[]
}
interface Document {
  readonly _aws: { readonly Timestamp: number; readonly CloudWatchMetrics: readonly Directive[] }
  readonly [member: string]: unknown
}

let validate: ValidateFunction<Document> | undefined

/**
 * What CloudWatch would not take in a log line of embedded metrics: the published schema, what its text says beside it
 * about targets, and the limits of what is made of it. Empty: nothing.
 *
 * @example
 * emfFaults('{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]},"service":"orders"}') // []
 */
export function emfFaults(line: string): readonly string[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch (error) {
    return [`no JSON: ${String(error)}`]
  }
  const faults: string[] = []
  const bytes = Buffer.byteLength(line)
  if (bytes > MAX_EVENT_BYTES) faults.push(`${bytes} bytes, of ${MAX_EVENT_BYTES}`)
  validate ??= new Ajv({ allErrors: true }).compile<Document>(EMF_SCHEMA)
  if (!validate(parsed)) {
    return [...faults, ...(validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)]
  }
  const all = parsed['_aws'].CloudWatchMetrics
  faults.push(...all.flatMap((directive) => directiveFaults(directive, parsed as Document)))
  faults.push(...duplicates(all))
  return faults
}

function directiveFaults({ Namespace, Dimensions, Metrics }: Directive, root: Document): readonly string[] {
  const faults: string[] = []
  if (!NAMESPACE.test(Namespace)) faults.push(`namespace "${Namespace}"`)
  if (Metrics.length === 0) faults.push('a directive without metrics')
  for (const set of Dimensions) {
    for (const name of set) {
      const value = root[name]
      if (typeof value !== 'string' || !DIMENSION_VALUE.test(value)) {
        faults.push(`dimension ${name} is ${JSON.stringify(value)}, not 1 to 1,024 characters of ASCII`)
      }
    }
  }
  for (const { Name, StorageResolution } of Metrics) {
    if (Name.length > MAX_METRIC_NAME) faults.push(`metric name of ${Name.length} characters`)
    if (StorageResolution !== undefined && StorageResolution !== 1 && StorageResolution !== 60) {
      faults.push(`metric ${Name} has the storage resolution ${StorageResolution}`)
    }
    const target = root[Name]
    const values: readonly unknown[] = Array.isArray(target) ? target : [target]
    if (values.length === 0 || values.length > 100) faults.push(`metric ${Name} has ${values.length} values`)
    for (const value of values) {
      if (typeof value !== 'number' || Math.abs(value) > LARGEST_VALUE) {
        faults.push(`metric ${Name} is ${JSON.stringify(value)}`)
      }
    }
  }
  return faults
}

/** The same metric twice would be counted twice. */
function duplicates(directives: readonly Directive[]): readonly string[] {
  const seen = new Set<string>()
  const twice: string[] = []
  for (const { Namespace, Dimensions, Metrics } of directives) {
    for (const { Name } of Metrics) {
      for (const set of Dimensions) {
        const id = JSON.stringify([Namespace, Name, set.toSorted()])
        if (seen.has(id)) twice.push(`metric ${Name} by ${set.join(', ')} is there twice`)
        seen.add(id)
      }
    }
  }
  return twice
}
