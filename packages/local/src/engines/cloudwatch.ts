import { emfMetrics } from './emf-metrics.ts'
import { type JsonObject, type JsonServer, ServiceError, startJsonServer } from './json-protocol.ts'
import { getMetricData, MAX_DATAPOINTS, type MetricDataTrouble } from './metric-data.ts'
import { type ServiceFault, startFault } from './service-fault.ts'

export interface StartCloudWatchOptions {
  /** Data points of one page of GetMetricData. Default 100,800, which is CloudWatch's. */
  readonly pageDatapoints?: number
}

export interface LocalCloudWatch extends JsonServer, ServiceFault {
  /** Dashboards by name: their bodies as JSON text. */
  readonly dashboards: ReadonlyMap<string, string>
  /** Alarms by name, as they were put. Nothing here evaluates them. */
  readonly alarms: ReadonlyMap<string, JsonObject>
  /** Takes a raw line of a function's log: of embedded metrics (EMF) what GetMetricData then answers, of others nothing. */
  putLogLine(line: string): void
  /** Lines that CloudWatch would count under `EMFValidationErrors`. */
  malformedLines(): number
  /** From now on each result of GetMetricData has this status and lacks a data point; `undefined`: no longer. */
  troubleMetricData(status: MetricDataTrouble | undefined): void
  /** Requests of GetMetricData so far, each page and each refused one included. */
  metricDataRequests(): number
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html */
const DASHBOARD_NAME = /^[A-Za-z0-9_-]{1,255}$/

/**
 * A stand-in for CloudWatch: dashboards and alarms, which it keeps and does not evaluate, and metrics, from lines of
 * functions' logs to GetMetricData. Metrics are there at once, without CloudWatch's lag.
 *
 * @example
 * const cloudWatch = await startCloudWatch()
 * host.onLog = ({ line }) => cloudWatch.putLogLine(line)
 * new CloudWatchClient({ endpoint: cloudWatch.endpoint })
 */
export async function startCloudWatch(options: StartCloudWatchOptions = {}): Promise<LocalCloudWatch> {
  const { pageDatapoints = MAX_DATAPOINTS } = options
  const metrics = emfMetrics()
  const { failWith, check } = startFault()
  let trouble: MetricDataTrouble | undefined
  let requests = 0
  const dashboards = new Map<string, string>()
  const alarms = new Map<string, JsonObject>()
  const server = await startJsonServer({
    service: 'GraniteServiceVersion20100801',
    version: '1.0',
    operations: {
      PutDashboard: ({ DashboardName: name, DashboardBody: body }) => {
        check()
        if (typeof name !== 'string' || !DASHBOARD_NAME.test(name)) throw invalid('The field DashboardName is invalid')
        if (!hasWidgets(body)) throw invalid('The field DashboardBody must be JSON with an array of widgets')
        dashboards.set(name, body)
        return { DashboardValidationMessages: [] }
      },
      GetDashboard: ({ DashboardName: name }) => {
        check()
        const body = dashboards.get(String(name))
        if (body === undefined) throw new ServiceError('ResourceNotFound', `Dashboard ${name} does not exist`)
        return { DashboardName: name, DashboardBody: body }
      },
      PutMetricAlarm: (alarm) => {
        check()
        if (typeof alarm['AlarmName'] !== 'string') throw new ServiceError('ValidationError', 'AlarmName is required')
        alarms.set(alarm['AlarmName'], alarm)
        return {}
      },
      DescribeAlarms: () => {
        check()
        return { MetricAlarms: [...alarms.values()], CompositeAlarms: [] }
      },
      GetMetricData: (input) => {
        requests += 1
        check()
        return getMetricData(metrics, input, { pageDatapoints, trouble })
      },
    },
  })
  return {
    ...server,
    dashboards,
    alarms,
    failWith,
    putLogLine: metrics.putLogLine,
    malformedLines: metrics.malformedLines,
    troubleMetricData: (status) => {
      trouble = status
    },
    metricDataRequests: () => requests,
  }
}

function invalid(message: string): ServiceError {
  return new ServiceError('InvalidParameterInput', message)
}

function hasWidgets(body: unknown): body is string {
  try {
    return typeof body === 'string' && Array.isArray((JSON.parse(body) as { widgets?: unknown }).widgets)
  } catch {
    return false
  }
}
