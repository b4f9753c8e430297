export const handler = async (_event, context) => {
  process.stdout.write(`${context.clientContext ? JSON.stringify(context.clientContext) : 'none'}\n`)
}
