export interface AlarmChange {
  readonly name: string
  /** It went into ALARM; otherwise out of it, or it has no data. */
  readonly isOn: boolean
  readonly reason: string
}

type Fields = Readonly<Record<string, unknown>>

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html: one made up may not fit an item. */
const MAX_REASON_LENGTH = 1023

/**
 * An alarm's event, as CloudWatch gives it to a function or as EventBridge has it; `undefined` for anything else.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
 */
export function alarmOf(event: unknown): AlarmChange | undefined {
  const { alarmData, detail } = fieldsOf(event)
  const { alarmName, state } = fieldsOf(alarmData ?? detail)
  const { value, reason } = fieldsOf(state)
  if (typeof alarmName !== 'string' || typeof value !== 'string') return undefined
  const words = typeof reason === 'string' ? reason.slice(0, MAX_REASON_LENGTH) : 'no reason given'
  return { name: alarmName, isOn: value === 'ALARM', reason: words }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}
