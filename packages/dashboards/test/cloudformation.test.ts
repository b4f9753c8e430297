import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RegoEngine, TemplateFile } from '@aws/cloudformation-validate'
import { App, Stack } from 'aws-cdk-lib'
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { variationAlarms } from '../src/alarms.ts'
import { cloudFormation, type Template } from '../src/cloudformation.ts'

// The validator compiles all of its rules, and CDK is large.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const scope = {
  services: ['place-order', 'notify-restaurant'],
  flags: [{ flag: 'new-order-flow', canary: 'canary', control: 'control' }],
}
const template = cloudFormation({ dashboardName: 'orders', ...scope, alarms: variationAlarms(scope) })

/** What is used of a diagnostic: the validator's own types need a module that its package does not type. */
interface Diagnostic {
  readonly severity: unknown
  readonly ruleId: string
  readonly message: string
}

describe('the CloudFormation template', () => {
  let engine: InstanceType<typeof RegoEngine>
  let directory: string
  beforeAll(() => {
    engine = new RegoEngine()
    directory = mkdtempSync(join(tmpdir(), 'waybill-dashboards-'))
  })
  afterAll(() => {
    engine.free()
    rmSync(directory, { recursive: true })
  })

  const fileOf = (made: Template): string => {
    const path = join(directory, 'template.json')
    writeFileSync(path, JSON.stringify(made))
    return path
  }
  const complaints = (made: Template) =>
    (engine.validateStandard(new TemplateFile(fileOf(made))).diagnostics as readonly Diagnostic[])
      .filter(({ severity }) => /error|fatal/i.test(String(severity)))
      .map(({ ruleId, message }) => `${ruleId}: ${message}`)

  it("passes AWS's own validator", () => {
    expect(complaints(template)).toEqual([])
  })

  it('would not pass it with a property that CloudFormation does not know, or one of another type', () => {
    const [alarm] = Object.entries(template.Resources).filter(([, one]) => one.Type === 'AWS::CloudWatch::Alarm')
    const [id = '', resource] = alarm ?? []
    for (const wrong of [{ Treshold: 1 }, { EvaluationPeriods: 'five' }]) {
      const Properties = { ...resource?.Properties, ...wrong }
      const Resources = { ...template.Resources, [id]: { Type: 'AWS::CloudWatch::Alarm' as const, Properties } }
      expect(complaints({ ...template, Resources })).not.toEqual([])
    }
  })

  it('is synthesised by CDK in a stack that includes it', () => {
    const app = new App({ outdir: join(directory, 'cdk.out') })
    const stack = new Stack(app, 'Orders')
    new CfnInclude(stack, 'Waybill', { templateFile: fileOf(template) })
    const { Resources } = app.synth().getStackByName('Orders').template
    for (const [id, resource] of Object.entries(template.Resources)) expect(Resources[id]).toEqual(resource)
  })

  it('leaves to the stack its region and its alarms, and nothing else', () => {
    const { DashboardBody } = template.Resources['Dashboard']?.Properties ?? {}
    const { 'Fn::Sub': body } = DashboardBody as { 'Fn::Sub': string }
    const substitutions = new Set([...body.matchAll(/\$\{([^!}][^}]*)\}/g)].map(([, name]) => name))
    const alarms = Object.keys(template.Resources).filter((id) => id !== 'Dashboard')
    expect([...substitutions].sort()).toEqual(['AWS::Region', ...alarms.map((id) => `${id}.Arn`)].sort())
    // What CloudFormation makes of it is JSON again, with CloudWatch's own labels unharmed.
    const deployed = body.replaceAll(/\$\{(?!!)[^}]*\}/g, 'x').replaceAll('${!', '${')
    expect(JSON.parse(deployed).widgets.length).toBeGreaterThan(10)
    expect(deployed).toContain(`\${PROP('Dim.variation')}`)
  })
})
