import { type JsonObject, type JsonServer, ServiceError, startJsonServer } from './json-protocol.ts'

export interface LocalCloudWatch extends JsonServer {
  /** Dashboards by name: their bodies as JSON text. */
  readonly dashboards: ReadonlyMap<string, string>
  /** Alarms by name, as they were put. Nothing here evaluates them. */
  readonly alarms: ReadonlyMap<string, JsonObject>
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html */
const DASHBOARD_NAME = /^[A-Za-z0-9_-]{1,255}$/

/** A stand-in for CloudWatch's dashboards and alarms: it keeps what is put, and computes nothing. */
export async function startCloudWatch(): Promise<LocalCloudWatch> {
  const dashboards = new Map<string, string>()
  const alarms = new Map<string, JsonObject>()
  const server = await startJsonServer({
    service: 'GraniteServiceVersion20100801',
    version: '1.0',
    operations: {
      PutDashboard: ({ DashboardName: name, DashboardBody: body }) => {
        if (typeof name !== 'string' || !DASHBOARD_NAME.test(name)) throw invalid('The field DashboardName is invalid')
        if (!hasWidgets(body)) throw invalid('The field DashboardBody must be JSON with an array of widgets')
        dashboards.set(name, body)
        return { DashboardValidationMessages: [] }
      },
      GetDashboard: ({ DashboardName: name }) => {
        const body = dashboards.get(String(name))
        if (body === undefined) throw new ServiceError('ResourceNotFound', `Dashboard ${name} does not exist`)
        return { DashboardName: name, DashboardBody: body }
      },
      PutMetricAlarm: (alarm) => {
        if (typeof alarm['AlarmName'] !== 'string') throw new ServiceError('ValidationError', 'AlarmName is required')
        alarms.set(alarm['AlarmName'], alarm)
        return {}
      },
      DescribeAlarms: () => ({ MetricAlarms: [...alarms.values()], CompositeAlarms: [] }),
    },
  })
  return { ...server, dashboards, alarms }
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
