export type { RedisClient, RedisCommandOptions } from './client.ts'
export { type RedisFlagReaderOptions, redisFlagReader } from './flag-reader.ts'
export { type RedisFlagStoreOptions, redisFlagStore } from './flag-store.ts'
