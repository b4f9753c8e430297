/** One level of a ramp: so much of the users, for so long at the least. */
export interface Step {
  readonly percent: number
  readonly holdMinutes: number
}

/**
 * CodeDeploy's configurations for Lambda, by their own names, as steps by user. The last step is all users.
 * https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
 */
export const CODEDEPLOY_PRESETS: Readonly<Record<CodeDeployPreset, readonly Step[]>> = {
  LambdaAllAtOnce: [{ percent: 100, holdMinutes: 0 }],
  LambdaCanary10Percent5Minutes: canary(10, 5),
  LambdaCanary10Percent10Minutes: canary(10, 10),
  LambdaCanary10Percent15Minutes: canary(10, 15),
  LambdaCanary10Percent30Minutes: canary(10, 30),
  LambdaLinear10PercentEvery1Minute: linear(10, 1),
  LambdaLinear10PercentEvery2Minutes: linear(10, 2),
  LambdaLinear10PercentEvery3Minutes: linear(10, 3),
  LambdaLinear10PercentEvery10Minutes: linear(10, 10),
}

export type CodeDeployPreset =
  | 'LambdaAllAtOnce'
  | 'LambdaCanary10Percent5Minutes'
  | 'LambdaCanary10Percent10Minutes'
  | 'LambdaCanary10Percent15Minutes'
  | 'LambdaCanary10Percent30Minutes'
  | 'LambdaLinear10PercentEvery1Minute'
  | 'LambdaLinear10PercentEvery2Minutes'
  | 'LambdaLinear10PercentEvery3Minutes'
  | 'LambdaLinear10PercentEvery10Minutes'

const PREFIX = /^CodeDeployDefault\./

/** A preset's steps, with or without `CodeDeployDefault.` before its name; `undefined` for no such name. */
export function presetSteps(name: string): readonly Step[] | undefined {
  const short = name.replace(PREFIX, '')
  return Object.hasOwn(CODEDEPLOY_PRESETS, short) ? CODEDEPLOY_PRESETS[short as CodeDeployPreset] : undefined
}

/** `TimeBasedCanary`: some of the users for a while, then all. */
export function canary(percent: number, minutes: number): readonly Step[] {
  return [
    { percent, holdMinutes: minutes },
    { percent: 100, holdMinutes: 0 },
  ]
}

/** `TimeBasedLinear`: the same share more at each interval. */
export function linear(percent: number, minutes: number): readonly Step[] {
  const steps: Step[] = []
  for (let sum = percent; sum < 100; sum += percent) steps.push({ percent: sum, holdMinutes: minutes })
  return [...steps, { percent: 100, holdMinutes: 0 }]
}
