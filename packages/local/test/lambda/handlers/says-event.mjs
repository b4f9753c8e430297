export const handler = async (event) => {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}
