import type { Alarm } from './alarms.ts'
import { type DashboardBody, type DashboardOptions, dashboardBody } from './dashboard.ts'

export interface TemplateOptions extends Omit<DashboardOptions, 'region' | 'alarmArns'> {
  /** 1 to 255 letters, digits, `-` and `_`. */
  readonly dashboardName: string
  readonly alarms?: readonly Alarm[]
}

/** A CloudFormation template, as JSON. */
export interface Template {
  readonly AWSTemplateFormatVersion: '2010-09-09'
  readonly Description: string
  readonly Resources: Readonly<Record<string, Resource>>
}

export interface Resource {
  readonly Type: 'AWS::CloudWatch::Dashboard' | 'AWS::CloudWatch::Alarm'
  readonly Properties: Readonly<Record<string, unknown>>
}

/** Stand for what only the stack knows; a control character is in no name. */
const REGION = '\u0001region\u0001'
const alarmPlace = (index: number): string => `\u0001alarm${index}\u0001`

/**
 * The dashboard and its alarms as a stack, in whatever region it is deployed. Throws `bad_option`.
 *
 * @example
 * ```ts
 * const scope = { services: ['loyalty'], flags: [{ flag: 'new-order-flow', canary: 'canary', control: 'control' }] }
 * const template = cloudFormation({ dashboardName: 'orders', ...scope, alarms: variationAlarms(scope) })
 * Object.keys(template.Resources).length // 5
 * ```
 */
export function cloudFormation({ dashboardName, alarms = [], ...options }: TemplateOptions): Template {
  const alarmArns = alarms.map((_, index) => alarmPlace(index))
  const body = dashboardBody({ ...options, region: REGION, alarmArns })
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Feature flags by variation: dashboard ${dashboardName}`,
    Resources: {
      Dashboard: {
        Type: 'AWS::CloudWatch::Dashboard',
        Properties: { DashboardName: dashboardName, DashboardBody: substituted(body, alarms) },
      },
      ...Object.fromEntries(
        alarms.map((alarm, index) => [logicalId(index), { Type: 'AWS::CloudWatch::Alarm', Properties: { ...alarm } }]),
      ),
    },
  }
}

/** Labels such as `${PROP('Dim.service')}` are CloudWatch's own: escaped, so that CloudFormation leaves them alone. */
function substituted(body: DashboardBody, alarms: readonly Alarm[]): { readonly 'Fn::Sub': string } {
  let text = JSON.stringify(body).replaceAll('${', '${!')
  text = text.replaceAll(inJson(REGION), `\${AWS::Region}`)
  for (const index of alarms.keys()) text = text.replaceAll(inJson(alarmPlace(index)), `\${${logicalId(index)}.Arn}`)
  return { 'Fn::Sub': text }
}

const logicalId = (index: number): string => `Alarm${index + 1}`
const inJson = (place: string): string => JSON.stringify(place).slice(1, -1)
