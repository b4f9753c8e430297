import { OpenFeature } from '@openfeature/server-sdk'
import { oldProvider as provider } from './old-provider.ts'

await OpenFeature.setProviderAndWait(provider())
const client = OpenFeature.getClient()

export async function pack({ body }: { readonly body: string }): Promise<string> {
  const { orderId, userId } = JSON.parse(body)
  const { value, reason } = await client.getBooleanDetails('new-order-flow', false, { targetingKey: userId })
  return `${orderId}: ${value ? 'new' : 'old'} box, ${reason}`
}
