const { env } = process

/** What the functions talk to, as the template that deploys them says by environment variable. */
export const resources = {
  ordersTable: env['ORDERS_TABLE'] ?? 'orders',
  /** Only where each delivery is to be written down. */
  deliveriesTable: env['DELIVERIES_TABLE'],
  /** Only where users who meet a failure are to be counted. */
  affectedUsersTable: env['AFFECTED_USERS_TABLE'],
  /** One in so many users is counted when they are seen. */
  seenOneIn: Number(env['SEEN_ONE_IN'] ?? 100),
  /** Only where users who wait are to be counted: longer than this. */
  slowMs: env['SLOW_MS'] === undefined ? undefined : Number(env['SLOW_MS']),
  /** Only where rollouts follow each other faster than users are forgotten: a file with the name of the present one. */
  rolloutName: env['ROLLOUT_NAME'],
  /** Only where decisions in flight may be recalled: how long recalls are believed before they are read again. */
  recallsTtlSeconds: env['RECALLS_TTL_SECONDS'] === undefined ? undefined : Number(env['RECALLS_TTL_SECONDS']),
  /** Only where bugs are to be planted: a file that says which. */
  plantedBugs: env['PLANTED_BUGS'],
  flagsTable: env['FLAGS_TABLE'] ?? 'flags',
  orderStream: env['ORDER_STREAM'] ?? 'order-events',
  acceptedTopicArn: env['ORDER_ACCEPTED_TOPIC_ARN'] ?? '',
  eventBus: env['ORDER_EVENT_BUS'] ?? 'orders',
  fraudCheckFunction: env['FRAUD_CHECK_FUNCTION'] ?? 'fraud-check',
  pricesUrl: env['PRICES_URL'] ?? 'https://prices.internal',
  worldUrl: env['WORLD_URL'] ?? 'https://world.internal',
  /** How long an environment of the edge function may use flags before it asks the table again. */
  flagsTtlSeconds: Number(env['FLAGS_TTL_SECONDS'] ?? 10),
} as const
