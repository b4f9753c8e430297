/** A client as the SDK makes it, as far as these tests look into it. */
interface AnyClient {
  readonly middlewareStack: { add(middleware: never, options: never): void }
}

/**
 * Takes the place of the network of a real SDK client: what would have gone out is kept, as the last step before the
 * wire sees it. The engines' own tests send for real.
 */
export function withoutNetwork<C extends AnyClient>(client: C): { readonly client: C; readonly sent: Sent[] } {
  const sent: Sent[] = []
  const capture = () => async (args: { input: Record<string, never>; request: { body: unknown; headers: object } }) => {
    const { body, headers } = args.request
    sent.push({
      input: args.input,
      body: typeof body === 'string' ? body : Buffer.from(body as Uint8Array).toString(),
      headers,
    })
    return { output: { $metadata: {} }, response: {} }
  }
  client.middlewareStack.add(
    capture as never,
    { step: 'finalizeRequest', priority: 'high', name: 'noNetwork' } as never,
  )
  return { client, sent }
}

export interface Sent {
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into many commands' inputs
  readonly input: any
  readonly body: string
  readonly headers: object
}

/** Checksums of answers are off: there is nobody to answer. */
export const region = {
  md5: false as const,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
}
