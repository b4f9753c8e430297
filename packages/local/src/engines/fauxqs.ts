import { FORBIDDEN_CHARACTER, MAX_ATTRIBUTES } from './message-limits.ts'

// The engine's published types name its sources, and its public `startFauxqs` listens on every interface. So its parts
// are put together here, on the structural types below; they are reached by file, as the package exports only its door.

export interface FauxqsRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  body: unknown
}

export interface FauxqsReply {
  code(status: number): FauxqsReply
  header(name: string, value: string): FauxqsReply
  getHeader(name: string): string | number | string[] | undefined
  send(body: unknown): FauxqsReply
}

export interface FauxqsApp {
  addHook(name: 'preHandler', hook: (request: FauxqsRequest, reply: FauxqsReply) => Promise<unknown>): void
  addHook(
    name: 'onSend',
    hook: (request: FauxqsRequest, reply: FauxqsReply, payload: unknown) => Promise<unknown>,
  ): void
  addHook(name: 'preClose', hook: (done: () => void) => void): void
  listen(address: { host: string; port: number }): Promise<string>
  close(): Promise<void>
}

interface Message {
  readonly messageAttributes: Readonly<Record<string, unknown>>
}

interface Queue {
  enqueue(message: Message): void
  persistence?: Persistence
}

interface SqsStore {
  getQueueByArn(arn: string): Queue | undefined
  allQueues(): Iterable<Queue>
  persistence?: Persistence
}

interface Persistence {
  loadSqsAndSns(sqsStore: SqsStore, snsStore: { persistence?: Persistence }): void
  close(): void
}

interface FauxqsModule {
  buildApp(options: { logger: false; defaultRegion: string; stores: object }): FauxqsApp
}

async function load<Module>(file: string): Promise<Module> {
  return (await import(new URL(file, import.meta.resolve('fauxqs')).href)) as Module
}

/** Builds the engine, not yet listening, over its own stores; with a `dataDir` they are kept there. */
export async function buildFauxqs(region: string, dataDir: string | undefined): Promise<FauxqsApp> {
  const [{ buildApp }, { SqsStore }, { SnsStore }, { S3Store }, { INVALID_MESSAGE_BODY_CHAR }] = await Promise.all([
    load<FauxqsModule>('app.js'),
    load<{ SqsStore: new () => SqsStore }>('sqs/sqsStore.js'),
    load<{ SnsStore: new () => { persistence?: Persistence } }>('sns/snsStore.js'),
    load<{ S3Store: new () => object }>('s3/s3Store.js'),
    load<{ INVALID_MESSAGE_BODY_CHAR: RegExp }>('sqs/sqsTypes.js'),
  ])
  // The engine's own expression looks at UTF-16 halves, and so refuses every emoji.
  INVALID_MESSAGE_BODY_CHAR.test = (body) => FORBIDDEN_CHARACTER.test(body)
  const sqsStore = new SqsStore()
  const snsStore = new SnsStore()
  discardOverfullRawDeliveries(sqsStore)
  const app = buildApp({ logger: false, defaultRegion: region, stores: { sqsStore, snsStore, s3Store: new S3Store() } })
  if (dataDir === undefined) return app

  const { PersistenceManager } = await load<{ PersistenceManager: new (dataDir: string) => Persistence }>(
    'persistence.js',
  )
  const persistence = new PersistenceManager(dataDir)
  // Loaded before it is attached: while loading, writes would cascade into deletes.
  persistence.loadSqsAndSns(sqsStore, snsStore)
  sqsStore.persistence = persistence
  snsStore.persistence = persistence
  for (const queue of sqsStore.allQueues()) queue.persistence = persistence
  app.addHook('preClose', (done) => {
    persistence.close()
    done()
  })
  return app
}

/**
 * With raw delivery a message of more than ten attributes is discarded as a client-side error.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
 *
 * A direct send of that many is refused before it gets here, so what is overfull at the queue came raw from a topic.
 */
function discardOverfullRawDeliveries(store: SqsStore): void {
  const find = store.getQueueByArn.bind(store)
  const guarded = new WeakSet<Queue>()
  store.getQueueByArn = (arn) => {
    const queue = find(arn)
    if (queue === undefined || guarded.has(queue)) return queue
    guarded.add(queue)
    const enqueue = queue.enqueue.bind(queue)
    queue.enqueue = (message) => {
      if (Object.keys(message.messageAttributes).length <= MAX_ATTRIBUTES) enqueue(message)
    }
    return queue
  }
}
