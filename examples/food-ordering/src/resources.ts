const { env } = process

/** What the functions talk to, as the template that deploys them says by environment variable. */
export const resources = {
  ordersTable: env['ORDERS_TABLE'] ?? 'orders',
  /** Only where each delivery is to be written down. */
  deliveriesTable: env['DELIVERIES_TABLE'],
  /** Only where users who meet a failure are to be counted. */
  affectedUsersTable: env['AFFECTED_USERS_TABLE'],
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
