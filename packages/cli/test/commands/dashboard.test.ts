import { type LocalCloudWatch, startCloudWatch } from '@waybill/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waybill } from '../support/waybill.ts'

const SCOPE = ['--service', 'place-order', '--service', 'loyalty', '--flag', 'new-order-flow']
const AWS = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }

describe('waybill dashboard', () => {
  let cloudWatch: LocalCloudWatch
  beforeAll(async () => {
    cloudWatch = await startCloudWatch()
  })
  afterAll(() => cloudWatch.close())
  const env = (): Record<string, string> => ({ ...AWS, AWS_ENDPOINT_URL_CLOUDWATCH: cloudWatch.endpoint })

  it('prints a body that needs nothing but a region', async () => {
    const { code, stdout } = await waybill(['dashboard', 'print', ...SCOPE, '--region', 'eu-west-1'])
    expect(code).toBe(0)
    const { variables, widgets } = JSON.parse(stdout)
    expect(variables[0]).toMatchObject({ id: 'flag', defaultValue: 'new-order-flow' })
    expect(JSON.stringify(widgets)).toContain('"region":"eu-west-1"')
  })

  it('says what it lacks: a region, a service, the name of a variation', async () => {
    const lacking = await waybill(['dashboard', 'print', ...SCOPE])
    expect(lacking).toMatchObject({ code: 2, stderr: expect.stringContaining('--region') })
    const noService = await waybill(['dashboard', 'cfn', '--flag', 'f'])
    expect(noService).toMatchObject({ code: 2, stderr: expect.stringContaining('--service') })
    const half = await waybill(['dashboard', 'cfn', '--service', 'a', '--flag', 'f=canary'])
    expect(half).toMatchObject({ code: 2, stderr: expect.stringContaining('flag=canary:control') })
    const quoted = await waybill(['dashboard', 'cfn', '--service', 'a"b', '--flag', 'f'])
    expect(quoted).toMatchObject({ code: 2, stderr: expect.stringContaining('services') })
  })

  it('prints a template with alarms that call what it was told, or with none', async () => {
    const topic = 'arn:aws:sns:eu-west-1:111122223333:on-call'
    const { stdout } = await waybill(['dashboard', 'cfn', ...SCOPE, '--name', 'orders', '--action', topic])
    const { Resources } = JSON.parse(stdout)
    expect(Object.keys(Resources)).toHaveLength(1 + 7)
    expect(Resources.Alarm2.Properties).toMatchObject({
      AlarmName: 'orders-new-order-flow-place-order-errors',
      AlarmActions: [topic],
    })
    const alone = await waybill(['dashboard', 'cfn', ...SCOPE, '--no-alarms'])
    expect(Object.keys(JSON.parse(alone.stdout).Resources)).toEqual(['Dashboard'])
  })

  it('puts the alarms and the dashboard into CloudWatch (a stand-in that keeps them)', async () => {
    const { code, stdout } = await waybill(['dashboard', 'put', ...SCOPE, '--name', 'orders', '--json'], { env: env() })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ dashboard: 'orders', region: 'eu-west-1', complaints: [] })
    const printed = await waybill(['dashboard', 'print', ...SCOPE, '--region', 'eu-west-1'])
    expect(JSON.parse(cloudWatch.dashboards.get('orders') ?? '')).toEqual(JSON.parse(printed.stdout))
    expect([...cloudWatch.alarms.keys()]).toEqual(JSON.parse(stdout).alarms)
    expect(cloudWatch.alarms.size).toBe(7)
  })

  it('is told by CloudWatch what is wrong with a name', async () => {
    const { code, stderr } = await waybill(['dashboard', 'put', ...SCOPE, '--name', 'or ders'], { env: env() })
    expect(code).toBe(1)
    expect(stderr).toContain('DashboardName is invalid')
  })
})

describe('waybill cost', () => {
  it('says what is billed, and what the list price makes of it', async () => {
    const { code, stdout } = await waybill(['cost', '--services', '5', '--variations', '2,2,3'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/Started, Error, Latency by flag and variation +105 +\$31\.50/)
    expect(stdout).toMatch(/a month +135 metrics +\$40\.50/)
    const { stdout: json } = await waybill(['cost', '--services', '5', '--variations', '2,2,3', '--json'])
    expect(JSON.parse(json)).toMatchObject({ metrics: 135, dollars: 40.5 })
  })

  it('takes counts only', async () => {
    expect(await waybill(['cost', '--services', '5', '--variations', 'two'])).toMatchObject({ code: 2 })
    expect(await waybill(['cost', '--services', '-1', '--variations', '2'])).toMatchObject({ code: 2 })
  })
})
