import { writeSync } from 'node:fs'

export const handler = async (event) => {
  writeSync(1, `pid ${process.pid}\n`)
  while (event.spin) Math.random()
}
