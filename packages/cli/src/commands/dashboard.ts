import { type Alarm, cloudFormation, dashboardBody, variationAlarms } from '@waybill/dashboards'
import { Command } from 'commander'
import { Failure } from '../failure.ts'
import { failureOf } from '../failure-of.ts'
import { onMetrics, type ScopeOptions, scopeOf } from '../metrics-scope.ts'
import { type Report, reporting, type Session, seconds, show } from './run-command.ts'

interface DashboardOptions extends ScopeOptions {
  readonly json?: boolean
  readonly name: string
  readonly region?: string
  readonly alarms: boolean
  readonly action: readonly string[]
  readonly timeoutSeconds: number
}

/** `waybill dashboard …`: charts and alarms per variation. No flag store is needed. */
export function dashboardCommand(session: Session): Command {
  const act = (work: (options: DashboardOptions) => Report | Promise<Report>) => (options: DashboardOptions) =>
    show(session, options, settled(work, options))
  return new Command('dashboard')
    .description('charts and alarms of the variations, for CloudWatch')
    .addCommand(
      onDashboard('print', 'print the body of the dashboard')
        .option('--region <region>', 'region of the metrics (or AWS_REGION)')
        .action(act((options) => printed(dashboardBody({ ...scopeOf(options), region: regionOf(options, session) })))),
    )
    .addCommand(
      withAlarms(onDashboard('cfn', 'print a CloudFormation template with the dashboard and the alarms')).action(
        act((options) =>
          printed(cloudFormation({ ...scopeOf(options), dashboardName: options.name, alarms: alarmsOf(options) })),
        ),
      ),
    )
    .addCommand(
      withAlarms(onDashboard('put', 'put the dashboard and the alarms into CloudWatch'))
        .option('--region <region>', 'region of the metrics (or AWS_REGION)')
        .option('--timeout-seconds <seconds>', 'give up when CloudWatch does not answer', seconds, 10)
        .action(act((options) => put(options, regionOf(options, session)))),
    )
}

function onDashboard(name: string, description: string): Command {
  return onMetrics(reporting(name, description)).option('--name <name>', "the dashboard's name", 'waybill')
}

function withAlarms(command: Command): Command {
  return command
    .option('--no-alarms', 'the dashboard alone')
    .option(
      '--action <arn>',
      'what an alarm calls, such as an SNS topic; once for each',
      (arn: string, before: readonly string[]) => [...before, arn],
      [],
    )
}

/** What the builders refuse is wrong input. */
async function settled(
  work: (options: DashboardOptions) => Report | Promise<Report>,
  options: DashboardOptions,
): Promise<Report> {
  try {
    return await work(options)
  } catch (error) {
    throw failureOf(error, 'CloudWatch')
  }
}

/** JSON is what these commands are for: with and without `--json`. */
function printed(json: unknown): Report {
  return { json, text: () => JSON.stringify(json, null, 2) }
}

function regionOf({ region }: DashboardOptions, { terminal }: Session): string {
  const found = region ?? (terminal.env['AWS_REGION'] || terminal.env['AWS_DEFAULT_REGION'])
  if (found) return found
  throw new Failure('bad_input', 'CloudWatch wants a region in each chart: say --region, or set AWS_REGION')
}

function alarmsOf(options: DashboardOptions): readonly Alarm[] {
  return options.alarms
    ? variationAlarms({ ...scopeOf(options), namePrefix: options.name, actions: options.action })
    : []
}

/** Alarms first: where one is refused, the dashboard still shows what was there before. */
async function put(options: DashboardOptions, region: string): Promise<Report> {
  const { CloudWatchClient, PutDashboardCommand, PutMetricAlarmCommand } = await import('@aws-sdk/client-cloudwatch')
  const client = new CloudWatchClient({ region, maxAttempts: 3 })
  const within = { abortSignal: AbortSignal.timeout(options.timeoutSeconds * 1000) }
  try {
    const alarms = alarmsOf(options)
    for (const alarm of alarms) {
      const { Metrics, AlarmActions, ...rest } = alarm
      await client.send(
        new PutMetricAlarmCommand({
          ...rest,
          Metrics: structuredClone([...Metrics]) as never,
          AlarmActions: [...AlarmActions],
        }),
        within,
      )
    }
    const body = dashboardBody({ ...scopeOf(options), region })
    const answer = await client.send(
      new PutDashboardCommand({ DashboardName: options.name, DashboardBody: JSON.stringify(body) }),
      within,
    )
    const complaints = (answer.DashboardValidationMessages ?? []).map(({ Message }) => Message ?? '')
    return {
      json: { dashboard: options.name, region, alarms: alarms.map(({ AlarmName }) => AlarmName), complaints },
      text: (style) =>
        [
          `${style.good('put')} dashboard "${options.name}" and ${alarms.length} alarms in ${region}`,
          ...complaints.map((message) => `${style.bad('CloudWatch says')}: ${message}`),
        ].join('\n'),
    }
  } finally {
    client.destroy()
  }
}
