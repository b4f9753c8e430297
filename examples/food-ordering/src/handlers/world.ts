import { keysFromEnvironment, withHonouredDecisions } from '@waybill/core'
import { greeting } from '../greeting.ts'

/** `GET /world`: knows nobody's name, and greets as `hello` decided. */
export const handler = withHonouredDecisions(
  async (_event: object) => {
    console.log(`world ran ${greeting.detail('warm-greeting').variation}`)
    return { statusCode: 200, body: greeting.get('warm-greeting') }
  },
  { flags: greeting, keys: keysFromEnvironment() },
)
