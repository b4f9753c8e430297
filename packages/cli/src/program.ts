import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { costCommand } from './commands/cost.ts'
import { dashboardCommand } from './commands/dashboard.ts'
import { decideCommand } from './commands/decide.ts'
import { editCommands } from './commands/flags-edit.ts'
import { readCommands } from './commands/flags-read.ts'
import { transferCommands } from './commands/flags-transfer.ts'
import { recallCommand } from './commands/recall.ts'
import { rolloutCommand } from './commands/rollout.ts'
import type { Session } from './commands/run-command.ts'
import { tokenCommand } from './commands/token.ts'
import { Failure } from './failure.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

const HELP = `
Exit codes: 0 done, 1 failed or refused, 2 wrong usage or input.

Environment:
  WAYBILL_TABLE, WAYBILL_REDIS, WAYBILL_FILE   the store, where the command line names none
  WAYBILL_PREFIX                               its environment, in a table or in Redis
  WAYBILL_WHO                                  who changes flags (default: user and host)
  WAYBILL_KEYS                                 id:secret,id:secret to verify tokens with
  AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL_DYNAMODB and the others of the AWS SDK
  NO_COLOR                                     no colours on a terminal`

/** The whole command line. Nothing is read or written before it is parsed. */
export function program(session: Session): Command {
  const flags = new Command('flags').description('look at flags and change them')
  for (const command of [...readCommands(session), ...editCommands(session), ...transferCommands(session)]) {
    flags.addCommand(command)
  }
  return new Command('waybill')
    .description('Feature flags of a call chain: look, change, explain.')
    .version(version, '-V, --version')
    .addCommand(flags)
    .addCommand(decideCommand(session))
    .addCommand(dashboardCommand(session))
    .addCommand(costCommand(session))
    .addCommand(recallCommand(session))
    .addCommand(rolloutCommand(session))
    .addCommand(tokenCommand(session))
    .addHelpText('after', HELP)
    .hook('preAction', (_, command) => refuseSwallowed(command))
}

/** `--comment --dry-run`: commander takes the second for the value of the first, and would make the change. */
function refuseSwallowed(command: Command): void {
  const names = new Set(command.options.flatMap(({ long, short }) => [long, short]))
  for (const option of command.options) {
    const value = [command.getOptionValue(option.attributeName())].flat().find((one) => names.has(one))
    if (value !== undefined) throw new Failure('bad_input', `${option.long} has no value: ${value} is an option itself`)
  }
}
