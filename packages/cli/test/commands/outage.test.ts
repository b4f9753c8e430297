import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CREDENTIALS, engines, startTables, type Tables } from '../support/tables.ts'
import { waybill } from '../support/waybill.ts'

let tables: Tables
beforeAll(async () => {
  tables = await startTables(engines()[0] ?? 'dynalite')
})
afterAll(() => tables.close())

const COMMANDS = [
  'flags list',
  'flags get f',
  'flags history',
  'flags create f --comment x',
  'flags set f on --comment x',
  'flags target f canary u --comment x',
  'flags rollout f canary 1 --comment x',
  'flags kill f --comment x',
  'flags import - --comment x',
  'flags export',
  'flags diff -',
  'flags owner f waybill --comment x',
  'decide f --context u',
  'rollout start f --preset LambdaAllAtOnce --comment x',
  'rollout status',
  'rollout watch f',
  'rollout rollback f --comment x',
]

it.each(COMMANDS)('"%s" says in one line that nobody listens, and ends with 1', async (line) => {
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo
  free.close()
  const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}`, WAYBILL_TABLE: 't' }
  const outcome = await waybill(line.split(' '), { env, input: '{"flags":{"f":{"key":"f","version":1}}}' })
  expect(outcome).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^error: [^\n]*cannot be reached[^\n]*\n$/),
  })
})

it.each(['flags list', 'flags kill f --comment x', 'decide f --context u'])(
  '"%s" gives up on a store that hangs',
  async (line) => {
    const hanging = createServer(() => {}).listen(0, '127.0.0.1')
    await once(hanging, 'listening')
    const { port } = hanging.address() as AddressInfo
    const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}`, WAYBILL_TABLE: 't' }
    const { code, stdout, stderr } = await waybill([...line.split(' '), '--timeout-seconds', '0.3', '--json'], { env })
    hanging.close()
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: expect.stringMatching(/deadline|store_unavailable/) } })
  },
)

it('a name that no table can have is wrong input', async () => {
  const outcome = await waybill(['flags', 'list', '--table', 'no table!'], { env: tables.env })
  expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining('refuses the request to table no table!') })
})

it('a table that is not there, no region and no credentials are said as such', async () => {
  const absent = await waybill(['flags', 'list', '--table', 'nowhere'], { env: tables.env })
  expect(absent).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no table nowhere') })
  const env = { AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nonexistent' }
  const lost = await waybill(['flags', 'list', '--table', 't'], { env })
  expect(lost).toMatchObject({ code: 1, stderr: expect.stringContaining('AWS_REGION') })
  const nobody = await waybill(['flags', 'list', '--table', 't'], { env: { ...env, AWS_REGION: 'us-east-1' } })
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('No AWS credentials') })
})
