export { type DynamoDbFlagReaderOptions, dynamoDbFlagReader } from './flag-reader.ts'
export { type DynamoDbFlagStoreOptions, dynamoDbFlagStore } from './flag-store.ts'
export { type DynamoDbPinStoreOptions, dynamoDbPinStore } from './pin-store.ts'
export { type DynamoDbRecallSourceOptions, dynamoDbRecallSource } from './recall-source.ts'
