/** Takes the place of the AWS SDK where the cost of everything else is asked for. */
class Command {}

export {
  Command as BatchWriteItemCommand,
  Command as DeleteItemCommand,
  Command as GetItemCommand,
  Command as QueryCommand,
  Command as UpdateItemCommand,
}
