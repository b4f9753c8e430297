export { type DynamoDbFlagReaderOptions, dynamoDbFlagReader } from './flag-reader.ts'
export { type DynamoDbFlagStoreOptions, dynamoDbFlagStore } from './flag-store.ts'
