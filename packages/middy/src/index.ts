export { evaluateFlags } from './evaluate-flags.ts'
export { honourDecisions } from './honour-decisions.ts'
