import { describe, expect, it } from 'vitest'
import { type Outcome, waybill } from '../support/waybill.ts'

const w = (line: string, input = ''): Promise<Outcome> =>
  waybill(['rollout', 'simulate', ...line.split(' ')], { input })
const FEW = '--runs 6 --seed 42'

describe('a simulation', () => {
  it('of a bad canary says how often and when it is rolled back, beside the weighted alias, with the run of a seed', async () => {
    const { code, stdout, stderr } = await w(`--preset LambdaCanary10Percent30Minutes --errors-times 20 ${FEW}`)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('canary to 10 % for 30 min, 100 %')
    expect(stdout).toContain('20 times the errors')
    expect(stdout).toContain('Of 6 runs, seeds 42 to 47:')
    expect(stdout).toMatch(/^rolled back +100 % +median after \d+ min$/m)
    expect(stdout).toMatch(/^users hurt +\d/m)
    expect(stdout).toMatch(/^weighted alias, alarm 1 of 1 +\d+/m)
    expect(stdout).toMatch(/^One run, --seed 42: rolled back after \d+ min, \d+ users hurt$/m)
    expect(stdout).toMatch(/^\d+ +0 % +\d+ users of canary and \d+ of control met an error: evidence/m)
  })

  it('is the same again with the same seed, and not with another', async () => {
    const line = '--steps 5@5m,100 --errors-times 5 --runs 3 --json --seed'
    const [once, again, other] = await Promise.all([w(`${line} 7`), w(`${line} 7`), w(`${line} 8`)])
    expect(JSON.parse(once.stdout)).toEqual(JSON.parse(again.stdout))
    expect(JSON.parse(once.stdout).timeline).not.toEqual(JSON.parse(other.stdout).timeline)
  })

  it('of a harmless canary ends as the plan does, and shows each step', async () => {
    const { stdout } = await w(`--steps 5@5m,25@5m,100 --bake 0 ${FEW}`)
    expect(stdout).toMatch(/^complete +(100|83\.3) % +median after 1\d min$/m)
    expect(stdout).toContain('harmless: it fails as control does')
    expect(stdout.match(/^\d+ +(5|25|100) % /gm)?.length).toBeGreaterThanOrEqual(3)
  })

  it('of a canary that kills its process says which guardrail is missing, and what it does', async () => {
    const blind = await w(`--steps 10@20m,100 --kills 0.3 ${FEW}`)
    expect(blind.stdout).toContain('only --max-unfinished-percent sees it')
    const seeing = await w(`--steps 10@20m,100 --kills 0.3 --max-unfinished-percent 5 ${FEW}`)
    expect(seeing.stdout).toMatch(/^rolled back +100 %/m)
    expect(seeing.stdout).not.toContain('sees it')
  })

  it('takes a whole plan, and says what of it is not simulated', async () => {
    const plan = { id: 'p', flag: 'f', canary: 'new', control: 'old', preset: 'LambdaAllAtOnce', approvals: [0] }
    const { stdout } = await w(`--plan - ${FEW}`, JSON.stringify(plan))
    expect(stdout).toContain('new to 100 %')
    expect(stdout).toContain('Approvals are taken as given')
    expect(stdout).toContain('nobody to hold it against')
    const more = await w(`--steps 10@5m,100 --min-users 100 --slow-users 0.5 ${FEW}`)
    expect(more.stdout).not.toContain('minimum of users')
    expect(more.stdout).toContain('Nobody is slow in it')
    expect(more.stdout).not.toMatch(/^unfinished +100 %/m)
  })
})

it.each([
  ['', 'Say how it goes up'],
  ['--steps 5@1m,100 --kills 2', 'a share from 0 to 1'],
  ['--steps 5@1m,100 --errors-times -1', 'must be a number'],
  ['--steps 5@1m,100 --runs 0', 'from 1 to 100000'],
  ['--steps 5@1m,100 --users 0', 'whole number from 1'],
  ['--steps 5@1m,100 --runs 100000', 'fewer --runs'],
  ['--steps 50@1m,10', 'above the step before it'],
  ['--steps 50,10', '"50" is no step'],
  ['--steps 50@1m,101', 'is no percentage'],
  ['--steps 5@1m,100 --approve-steps 3', 'there is no step 3'],
  ['--steps 5@1m,100 --approve-steps 0', 'counted from 1'],
  ['--steps 5@1m,100 --preset LambdaAllAtOnce', 'say one of them'],
  ['--preset CodeDeployDefault.Lambda', 'There are LambdaAllAtOnce'],
  ['--preset LambdaAllAtOnce --alpha 0.9', 'a probability'],
  ['--preset LambdaAllAtOnce --slow-users 1', '0.01 to 0.99'],
  ['--preset LambdaAllAtOnce --bake soon', 'must be a duration'],
  ['--preset LambdaAllAtOnce --judge-lag 1m', 'lagMinutes'],
  ['--preset LambdaAllAtOnce --max-error-percent 500', 'a percentage, 0 to 100'],
  ['a/b --preset LambdaAllAtOnce', 'is no flag key'],
  ['--plan absent.json', 'cannot be read'],
])('"%s" is refused in one line, and ends with 2', async (line, said) => {
  const args = line === '' ? [] : line.split(' ')
  const { code, stdout, stderr } = await waybill(['rollout', 'simulate', ...args])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^error: [^\n]+\n$/)
  expect(stderr).toContain(said)
})
