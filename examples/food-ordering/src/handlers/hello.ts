import { keysFromEnvironment, stampFetch, withEvaluatedFlags } from '@waybill/core'
import { memorySource } from '@waybill/flags'
import { greeting } from '../greeting.ts'
import { resources } from '../resources.ts'

const fetch = stampFetch(globalThis.fetch, { propagateTo: [new URL(resources.worldUrl).origin] })

/** Everybody whose name is Ada is greeted warmly. */
const source = memorySource({
  flags: {
    'warm-greeting': {
      key: 'warm-greeting',
      version: 1,
      on: true,
      variations: ['world', 'dear world'],
      targets: [{ variation: 1, values: ['ada'] }],
      fallthrough: { variation: 0 },
      offVariation: 0,
      salt: 'hello',
    },
  },
})

interface HelloRequest {
  readonly queryStringParameters?: { readonly name?: string }
}

/** `GET /hello?name=`: decides, and calls `world`. */
export const handler = withEvaluatedFlags(
  async (_event: HelloRequest) => {
    const world = await fetch(`${resources.worldUrl}/world`)
    console.log(`hello ran ${greeting.detail('warm-greeting').variation}`)
    return { statusCode: 200, body: `hello, ${await world.text()}` }
  },
  {
    flags: greeting,
    source,
    keys: keysFromEnvironment(),
    context: ({ queryStringParameters: { name } = {} }: HelloRequest) => (name ? { key: name } : undefined),
  },
)
