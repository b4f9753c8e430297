import { Command } from 'commander'
import { interventionCommands } from './rollout-intervene.ts'
import { simulateCommand } from './rollout-simulate.ts'
import { startCommand } from './rollout-start.ts'
import { statusCommands } from './rollout-status.ts'
import { watchCommand } from './rollout-watch.ts'
import type { Session } from './run-command.ts'

const HELP = `
A controller drives rollouts, once a minute: @waybill/rollout has it. These commands start them, look at them and step in.

Examples:
  $ waybill rollout start checkout --preset LambdaCanary10Percent5Minutes --comment "new order flow"
  $ waybill rollout start checkout --steps 1@10m,10@30m,50@1h,100 --approve-steps 3 --dry-run --comment "new order flow"
  $ waybill rollout watch checkout
  $ waybill rollout rollback checkout --comment "errors in payment"`

/** `waybill rollout …`: releases by user that judge themselves. */
export function rolloutCommand(session: Session): Command {
  const group = new Command('rollout').description(
    'release a variation step by step, judged, and rolled back when it is bad',
  )
  for (const command of [
    startCommand(session),
    ...statusCommands(session),
    watchCommand(session),
    ...interventionCommands(session),
    simulateCommand(session),
  ]) {
    group.addCommand(command)
  }
  return group.addHelpText('after', HELP)
}
