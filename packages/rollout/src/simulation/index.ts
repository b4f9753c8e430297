export { type CompareOptions, compareJudges, type Fared, median, WEIGHTED_ALIAS } from './compare.ts'
export { type MinuteTrace, type RunResult, runRollout } from './run.ts'
export { HARMLESS, type Scenario } from './scenario.ts'
export { OURS } from './watchers.ts'
