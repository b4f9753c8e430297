import { costOf } from '@waybill/dashboards'
import { type Command, InvalidArgumentError } from 'commander'
import { reporting, type Session, show, wholeNumber } from './run-command.ts'

interface CostOptions {
  readonly json?: boolean
  readonly services: number
  readonly variations: readonly number[]
  readonly businessMetrics: number
  readonly affectedUsers?: boolean
  readonly origins: number
  readonly codes: number
  readonly alarmMetrics: number
  readonly dashboards: number
}

/** `waybill cost`: what the metrics of a configuration cost, before anybody pays for it. */
export function costCommand(session: Session): Command {
  return reporting('cost', 'estimate what metrics per variation cost, by the list price')
    .requiredOption('--services <count>', 'functions that emit', wholeNumber)
    .requiredOption('--variations <counts>', 'variations of each observed flag: 2,2,3', counts)
    .option('--business-metrics <count>', 'your own metrics by flag and variation', wholeNumber, 0)
    .option('--affected-users', 'newly affected users are a metric as well')
    .option('--origins <count>', 'origins of decisions that occur in a service', wholeNumber, 2)
    .option('--codes <count>', 'codes of the ledger that occur in a service', wholeNumber, 4)
    .option('--alarm-metrics <count>', 'metrics that alarms analyse', wholeNumber, 0)
    .option('--dashboards <count>', 'dashboards', wholeNumber, 0)
    .action((options: CostOptions) => {
      const { variations: variationsByFlag, json, ...counted } = options
      const estimate = costOf({ ...counted, variationsByFlag })
      return show(session, json === undefined ? {} : { json }, {
        json: estimate,
        text: (style) => {
          const lines = estimate.lines.map(({ what, count, dollars }) => line(what, String(count), dollars))
          return [
            ...lines,
            style.strong(line('a month', `${estimate.metrics} metrics`, estimate.dollars)),
            style.faint('List price of us-east-1, metrics sent in every hour; log lines and reads come on top.'),
          ].join('\n')
        },
      })
    })
}

function line(what: string, count: string, dollars: number): string {
  return `${what.padEnd(48)} ${count.padStart(14)}  ${`$${dollars.toFixed(2)}`.padStart(10)}`
}

function counts(text: string): readonly number[] {
  const numbers = text.split(',').map(Number)
  if (numbers.every((number) => Number.isInteger(number) && number > 0 && number <= 1000)) return numbers
  throw new InvalidArgumentError('It must be one whole number for each flag, with commas between.')
}
